#!/bin/bash
# Builds a container image from this distribution's FRRouting packages, without any registry, and prints where its
# archive for `docker load` is. The archive is kept in the temporary folder for as long as the packages stay the same.
# usage: scripts/images/frr.sh [openswitch]
#   linecard/frr:latest         zebra and the daemons that /etc/frr/daemons switches on
#   linecard/openswitch:latest  the same as a network operating system: init, the front panel in namespace `swns`, and
#                               sshd on the management port when the package openssh-server is installed
set -eu
here=$(dirname "$(readlink -f "$0")")
shape=${1:-frr}
case $shape in frr | openswitch) ;; *) echo "usage: $0 [openswitch]" >&2 && exit 2 ;; esac

packages=(frr busybox-static iproute2 iputils-ping ethtool bash dash libc6)
optional=(openssh-server)
versions=$(dpkg-query -W -f '${Package}=${Version} ${db:Status-Status}\n' "${packages[@]}" "${optional[@]}" 2>/dev/null || true)
for package in "${packages[@]}"; do
  if ! grep -q "^$package=.* installed$" <<<"$versions"; then
    echo "$0: the package $package is not installed: apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 1
  fi
done

key=$({ echo "$versions" && cat "$0" "$here/lib.sh" "$here"/rootfs/*; } | sha256sum | cut -c1-16)
archive=${TMPDIR:-/tmp}/linecard-$shape-$(id -u)-$key.tar
if [ -O "$archive" ]; then echo "$archive" && exit; fi

# shellcheck source=scripts/images/lib.sh
. "$here/lib.sh"
mkdir -p "$root"/{bin,dev,etc/frr,proc,root,run/frr,sbin,sys,tmp,usr/{bin,lib/frr,sbin},var/{log,tmp}}
ln -s ../run "$root/var/run"
chmod 1777 "$root/tmp" "$root/var/tmp"

# with_sshd: adds the ssh server. Root needs no password, as on the switch of the article.
with_sshd() {
  with_libraries /usr/sbin/sshd /usr/bin/ssh-keygen /usr/lib/openssh/sftp-server
  mkdir -p "$root/etc/ssh"
  cp "$here/rootfs/sshd_config" "$root/etc/ssh/"
  cp "$here/rootfs/sshd-start" "$root/usr/sbin/"
  echo '::respawn:/usr/sbin/sshd-start' >>"$root/etc/inittab"
  printf 'sshd:x:100:65534::/run/sshd:/bin/false\n' >>"$root/etc/passwd"
  printf 'root::1:0:99999:7:::\n' >"$root/etc/shadow"
  chmod 640 "$root/etc/shadow"
}

# The root of Debian: /lib and /lib64 are links into /usr.
for folder in lib lib64; do
  if [ -L "/$folder" ]; then mkdir -p "$root/usr/$folder" && ln -s "usr/$folder" "$root/$folder"; fi
done

busybox=$(command -v busybox)
cp "$busybox" "$root/bin/busybox"
# Of these Debian's own are there: the shell of busybox would prefer its own `ip`, which knows nothing of namespaces.
"$busybox" --list | grep -vx -e busybox -e ip -e ping -e sh -e ash | while read -r applet; do ln -s busybox "$root/bin/$applet"; done
ln -s ../bin/busybox "$root/sbin/init"
ln -s dash "$root/bin/sh"
programs=(/usr/bin/vtysh)
for daemon in zebra staticd bgpd ospfd ospf6d isisd bfdd; do programs+=("/usr/lib/frr/$daemon"); done
for name in bash dash ip ping ethtool; do programs+=("$(readlink -f "$(command -v "$name")")"); done
with_libraries "${programs[@]}"
for program in "${programs[@]}"; do
  [ -e "$root/bin/${program##*/}" ] || ln -s "$program" "$root/bin/${program##*/}"
done
# vtysh asks PAM whether root is root.
mapfile -t modules < <(dpkg -L libpam-modules | grep -E '/pam_(permit|rootok)\.so$')
with_libraries "${modules[@]}"
mkdir -p "$root/etc/pam.d"
printf 'auth sufficient pam_rootok.so\naccount sufficient pam_permit.so\n' | tee "$root/etc/pam.d/frr" >"$root/etc/pam.d/other"
mkdir -p "$root/usr/share" && cp -r /usr/share/yang "$root/usr/share/"

printf 'root:x:0:0:root:/root:/bin/bash\nfrr:x:92:92::/nonexistent:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nfrrvty:x:85:frr\nfrr:x:92:\n' >"$root/etc/group"
printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"
printf 'service integrated-vtysh-config\n' >"$root/etc/frr/vtysh.conf"
cp "$here/rootfs/frr-start" "$root/usr/sbin/"
mv "$root/usr/bin/vtysh" "$root/usr/lib/frr/vtysh"
cp "$here/rootfs/vtysh" "$root/usr/bin/vtysh"
command=/usr/sbin/frr-start
if [ "$shape" = openswitch ]; then
  cp "$here/rootfs/inittab" "$root/etc/inittab"
  cp "$here/rootfs/switch-start" "$root/usr/sbin/"
  printf 'bgpd=yes\nospfd=yes\n' >"$root/etc/frr/daemons"
  # The defaults of a time when eBGP needed no policies, as those of the article's switch.
  echo 'frr version 7.3' >"$root/etc/frr/frr.conf"
  if grep -q '^openssh-server=.* installed$' <<<"$versions"; then with_sshd; fi
  command=/sbin/init
fi
chown -R 92:92 "$root/etc/frr" "$root/run/frr"

tar --sort=name --mtime=@0 --owner=+0 --group=+0 -C "$root" -cf "$work/layer.tar" --exclude=./etc/frr --exclude=./run/frr .
tar --sort=name --mtime=@0 -C "$root" -rf "$work/layer.tar" ./etc/frr ./run/frr
cat >"$work/config.json" <<JSON
{"architecture": "$(dpkg --print-architecture)", "os": "linux",
 "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["$command"], "StopSignal": "SIGKILL"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum "$work/layer.tar" | cut -d' ' -f1)"]}}
JSON
printf '[{"Config":"config.json","RepoTags":["linecard/%s:latest"],"Layers":["layer.tar"]}]' "$shape" >"$work/manifest.json"
tar -C "$work" -cf "$archive.$$" layer.tar config.json manifest.json
mv "$archive.$$" "$archive"
echo "$archive"
