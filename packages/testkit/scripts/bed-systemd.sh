#!/bin/bash
# Makes a bed whose first process is systemd. It runs in new net, mount, pid, uts and ipc namespaces, and moves into
# cgroups and a cgroup namespace of the bed's own. Whatever the bed does not have for itself is read-only in it: the
# units of a distribution tidy /tmp, set kernel parameters and make devices, and must not do so to the machine.
# It says "ready PID" (its pid as the creator sees it) and becomes PROGRAM. The bed ends when the creator kills that.
# usage: bed-systemd.sh DIR NAME FOLDERS PROGRAM [ARGUMENT...]   binds DIR/FOLDER over /FOLDER; NAME is that of the cgroups
set -eu
dir=$1 name=$2 folders=$3
hierarchies=(/sys/fs/cgroup/*/)

if [ "${BED_STAGE-}" = '' ]; then
  read -r pid _ </proc/self/stat # /proc is still the creator's
  for hierarchy in "${hierarchies[@]}"; do
    mkdir -p "$hierarchy$name"
    # A new cpuset is empty, and takes no process as long as it is.
    if [ -e "${hierarchy}cpuset.cpus" ]; then
      for file in cpuset.cpus cpuset.mems; do cat "$hierarchy$file" >"$hierarchy$name/$file"; done
    fi
    echo 0 >"$hierarchy$name/cgroup.procs"
  done
  BED_STAGE=$pid exec unshare --cgroup -- "$0" "$@"
fi
shift 3

# Mount points that the machine does not have yet.
for folder in $folders; do mkdir -p "/$folder" "$dir/$folder"; done

mapfile -t machine < <(findmnt --raw --noheadings --output TARGET)
[ "${#machine[@]}" -gt 0 ]
mount --bind "$dir" "$dir" # before, so that it stays writable
for mount in "${machine[@]}"; do mount -o remount,bind,ro "$(printf '%b' "$mount")"; done

dev=$dir/dev
mount -t tmpfs -o mode=755 tmpfs "$dev"
for device in null zero full random urandom tty fuse net/tun; do
  mkdir -p "$(dirname "$dev/$device")"
  [ -e "/dev/$device" ] || continue
  : >"$dev/$device"
  mount --bind "/dev/$device" "$dev/$device"
done
mkdir "$dev/pts" "$dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dev/pts"
mount -t tmpfs tmpfs "$dev/shm"
ln -s pts/ptmx "$dev/ptmx"
ln -s /proc/self/fd "$dev/fd"

# sysfs shows the network namespace of whoever mounted it; each cgroup hierarchy begins at the bed's own cgroup.
sys=$dir/sys
mount -t sysfs -o ro sysfs "$sys"
mount -t tmpfs -o mode=755 tmpfs "$sys/fs/cgroup"
for hierarchy in "${hierarchies[@]}"; do
  hierarchy=$(basename "$hierarchy")
  mkdir "$sys/fs/cgroup/$hierarchy"
  case $hierarchy in
    unified) mount -t cgroup2 cgroup2 "$sys/fs/cgroup/$hierarchy" ;;
    systemd) mount -t cgroup -o none,name=systemd cgroup "$sys/fs/cgroup/$hierarchy" ;;
    *) mount -t cgroup -o "$hierarchy" cgroup "$sys/fs/cgroup/$hierarchy" ;;
  esac
done
mount --rbind "$sys" /sys
mount --rbind "$dev" /dev

mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys

hostname bed
ip link set lo up
for setting in /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6; do
  if [ -w "$setting" ]; then echo 0 >"$setting"; fi
done

exec 3>>"$dir/log/systemd.log" # before /tmp is the bed's
for folder in $folders; do mount --bind "$dir/$folder" "/$folder"; done
echo "ready $BED_STAGE"
exec env -i PATH="$PATH" container=bed "$@" >&3 2>&3 3>&-
