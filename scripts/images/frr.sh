#!/bin/bash
# Builds a container image from this distribution's FRRouting packages, without any registry, and prints where its
# archive for `docker load` is. The archive is kept in the temporary folder for as long as the packages stay the same.
# usage: scripts/images/frr.sh [openswitch]
#   linecard/frr:latest         zebra and the daemons that /etc/frr/daemons switches on
#   linecard/openswitch:latest  the same as a network operating system: init, and the front panel in namespace `swns`
set -eu
here=$(dirname "$(readlink -f "$0")")
shape=${1:-frr}
case $shape in frr | openswitch) ;; *) echo "usage: $0 [openswitch]" >&2 && exit 2 ;; esac

packages=(frr busybox-static iproute2 iputils-ping libc6)
versions=$(dpkg-query -W -f '${Package}=${Version} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
for package in "${packages[@]}"; do
  if ! grep -q "^$package=.* installed$" <<<"$versions"; then
    echo "$0: the package $package is not installed: apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 1
  fi
done

key=$({ echo "$versions" && cat "$0" "$here"/rootfs/*; } | sha256sum | cut -c1-16)
archive=${TMPDIR:-/tmp}/linecard-$shape-$(id -u)-$key.tar
if [ -O "$archive" ]; then echo "$archive" && exit; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,dev,etc/frr,proc,root,run/frr,sbin,sys,tmp,usr/{bin,lib/frr,sbin},var/{log,tmp}}
ln -s ../run "$root/var/run"
chmod 1777 "$root/tmp" "$root/var/tmp"

# with_libraries FILE...: copies programs and the libraries that they need, each to its own path.
with_libraries() {
  local file
  { printf '%s\n' "$@" && ldd "$@" 2>/dev/null | grep -o '/[^ ]*\.so[^ :]*'; } | sort -u | while read -r file; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
  done
}

# The root of Debian: /lib and /lib64 are links into /usr.
for folder in lib lib64; do
  if [ -L "/$folder" ]; then mkdir -p "$root/usr/$folder" && ln -s "usr/$folder" "$root/$folder"; fi
done

busybox=$(command -v busybox)
cp "$busybox" "$root/bin/busybox"
"$busybox" --list | grep -vx -e busybox -e ip -e ping | while read -r applet; do ln -s busybox "$root/bin/$applet"; done
ln -s ../bin/busybox "$root/sbin/init"
daemons=()
for daemon in zebra staticd bgpd ospfd ospf6d isisd bfdd; do daemons+=("/usr/lib/frr/$daemon"); done
with_libraries "${daemons[@]}" /usr/bin/vtysh "$(readlink -f "$(command -v ip)")" "$(readlink -f "$(command -v ping)")"
ln -s "$(readlink -f "$(command -v ip)")" "$root/usr/sbin/ip"
[ -e "$root/usr/bin/ping" ] || ln -s "$(readlink -f "$(command -v ping)")" "$root/usr/bin/ping"
# vtysh asks PAM whether root is root.
mapfile -t modules < <(dpkg -L libpam-modules | grep -E '/pam_(permit|rootok)\.so$')
with_libraries "${modules[@]}"
mkdir -p "$root/etc/pam.d"
printf 'auth sufficient pam_rootok.so\naccount sufficient pam_permit.so\n' | tee "$root/etc/pam.d/frr" >"$root/etc/pam.d/other"
mkdir -p "$root/usr/share" && cp -r /usr/share/yang "$root/usr/share/"

printf 'root:x:0:0:root:/root:/bin/sh\nfrr:x:92:92::/nonexistent:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nfrrvty:x:85:frr\nfrr:x:92:\n' >"$root/etc/group"
printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"
printf 'service integrated-vtysh-config\n' >"$root/etc/frr/vtysh.conf"
cp "$here/rootfs/frr-start" "$root/usr/sbin/"
cp "$here/rootfs/vtysh" "$root/bin/vtysh"
command=/usr/sbin/frr-start
if [ "$shape" = openswitch ]; then
  cp "$here/rootfs/inittab" "$root/etc/inittab"
  cp "$here/rootfs/switch-start" "$root/usr/sbin/"
  printf 'bgpd=yes\nospfd=yes\n' >"$root/etc/frr/daemons"
  : >"$root/etc/frr/frr.conf"
  command=/sbin/init
fi
chown -R 92:92 "$root/etc/frr" "$root/run/frr"

tar --sort=name --mtime=@0 --owner=+0 --group=+0 -C "$root" -cf "$work/layer.tar" --exclude=./etc/frr --exclude=./run/frr .
tar --sort=name --mtime=@0 -C "$root" -rf "$work/layer.tar" ./etc/frr ./run/frr
cat >"$work/config.json" <<JSON
{"architecture": "$(dpkg --print-architecture)", "os": "linux",
 "config": {"Env": ["PATH=/bin:/sbin:/usr/bin:/usr/sbin"], "Cmd": ["$command"], "StopSignal": "SIGKILL"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum "$work/layer.tar" | cut -d' ' -f1)"]}}
JSON
printf '[{"Config":"config.json","RepoTags":["linecard/%s:latest"],"Layers":["layer.tar"]}]' "$shape" >"$work/manifest.json"
tar -C "$work" -cf "$archive.$$" layer.tar config.json manifest.json
mv "$archive.$$" "$archive"
echo "$archive"
