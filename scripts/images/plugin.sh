#!/bin/bash
# Packs the driver of networks over many hosts as a managed plugin of Docker, which a swarm needs: this machine's node,
# nft and iptables with the libraries that they need, and the built packages. No registry. Prints the plugin's name.
# usage: scripts/images/plugin.sh [NAME]            creates and enables it here (linecard/openvswitch:latest)
#        scripts/images/plugin.sh -o FOLDER [NAME]  leaves it in a new folder, for `docker plugin create NAME FOLDER`
set -eu
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=scripts/images/lib.sh
. "$here/lib.sh"
folder=
case ${1:-} in
  -o) folder=$(realpath -m "${2:?a folder is missing}") && shift 2 ;;
  -*) sed -n '2,5s/^# //p' "$0" >&2 && exit 2 ;;
esac
name=${1:-linecard/openvswitch:latest}
made=${folder:-$work/plugin}
[ ! -e "$made" ] || { echo "$0: $made exists" >&2 && exit 1; }

mkdir -p "$root"/{bin,dev,etc,host/run,proc,run/docker/plugins,sbin,sys,tmp,usr/{bin,sbin}}
merge_usr
programs=()
for program in busybox dd setpriv nft iptables iptables-restore ip6tables ip6tables-restore; do
  path=$(command -v "$program") || {
    echo "$0: there is no $program: apt-get install busybox-static iptables nftables util-linux" >&2
    exit 1
  }
  path=$(readlink -f "$path")
  programs+=("$path")
  [ "${path##*/}" = "$program" ] || ln -s "$path" "$root/usr/sbin/$program"
done
with_libraries "${programs[@]}"
# iptables loads what it knows of matches and targets by name.
library=$(ldd "$(readlink -f "$(command -v iptables)")" | grep -o '/[^ ]*/libxtables\.so[^ ]*')
extensions=$(dirname "$(readlink -f "$library")")/xtables
mkdir -p "$root$extensions"
with_libraries "$extensions"/*.so
[ -e "$root/bin/busybox" ] || ln -s "$(readlink -f "$(command -v busybox)")" "$root/bin/busybox"
with_linecard
find "$root/linecard" \( -name '*.map' -o -name '*.d.ts' \) -delete
cp "$here/rootfs/plugin-start" "$root/sbin/"

mkdir -p "$made"
mv "$root" "$made/rootfs"
sed "s|@NAME@|$name|" "$here/plugin.json" >"$made/config.json"
if [ -n "$folder" ]; then echo "$folder" && exit; fi
docker plugin create "$name" "$made" >/dev/null
docker plugin enable "$name"
