#!/bin/bash
# Builds the image of a small guest with `ping`, `nslookup` and `dig`, made of this machine's busybox, without any
# registry, and prints its name.
set -eu
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=scripts/images/lib.sh
. "$here/lib.sh"
name=${1:-linecard/guest:latest}

busybox=$(command -v busybox) || { echo "$0: there is no busybox: apt-get install busybox-static" >&2 && exit 1; }
mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp}
chmod 1777 "$root/tmp"
with_libraries "$busybox"
[ "$busybox" = /bin/busybox ] || mv "$root$busybox" "$root/bin/busybox"
"$busybox" --list | grep -vx busybox | while read -r applet; do ln -s busybox "$root/bin/$applet"; done
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"

# Debian's own dig where it is installed; otherwise enough of it for a question typed from an article.
if dig=$(command -v dig); then
  with_libraries "$dig"
else
  cat >"$root/bin/dig" <<'DIG'
#!/bin/sh
# dig [@SERVER] [+time=N] [+tries=N] [+...] NAME: asks by busybox's nslookup.
server='' name='' timeout=5 tries=3
for word; do
  case $word in
    @*) server=${word#@} ;;
    +time=*) timeout=${word#*=} ;;
    +tries=*) tries=${word#*=} ;;
    +* | -*) ;;
    *) name=$word ;;
  esac
done
nslookup -type=a -timeout="$timeout" -retry="$tries" "$name" $server || exit 9
DIG
  chmod +x "$root/bin/dig"
fi

import "$name" 'ENV PATH=/bin:/usr/bin' 'CMD ["sh"]'
