#!/bin/bash
# The first process of a bed. It runs in new net, mount, pid, uts and ipc namespaces, gives the bed its own copies of
# the folders that Docker and Open vSwitch use, says "ready PID" (its pid as the creator sees it) and then only reaps.
# It ends, and with it all that runs in the bed, when its standard input closes: when the creator dies, however it dies.
# usage: bed-init.sh DIR [FOLDER...]   binds DIR/FOLDER over /FOLDER
set -eu
dir=$1
shift
read -r pid _ </proc/self/stat # /proc is still the creator's

for folder in "$@"; do
  mkdir -p "/$folder" # a mount point that the machine does not have yet
  mount --bind "$dir/$folder" "/$folder"
done

# sysfs shows the network namespace of whoever mounted it; the cgroup tree stays the machine's.
mount -t sysfs sysfs "$dir/sys"
mount --rbind /sys/fs/cgroup "$dir/sys/fs/cgroup"
mount --move "$dir/sys" /sys
mount -t proc proc /proc

hostname bed
ip link set lo up
for setting in /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6; do
  if [ -w "$setting" ]; then echo 0 >"$setting"; fi
done

echo "ready $pid"
# bash reaps adopted processes while it waits here: no zombie makes a dead daemon look alive.
while read -r _; do :; done
