#!/bin/sh
# shellcheck disable=SC2154 # udhcpc sets the variables
# What udhcpc (busybox) runs inside a container's network namespace when its lease changes. It sets the interface up
# and tells the daemon in one line on standard output. See busybox's examples/udhcp/simple.script for the variables.
ip() { busybox ip "$@"; }

case "$1" in
  deconfig)
    ip link set dev "$interface" up
    # Also the first word of a client that takes over from one that was killed: the lease still runs, and connections
    # hang on its address.
    [ "$(busybox date +%s)" -ge "${LINECARD_LEASE_END:-0}" ] || exit 0
    ip -4 addr flush dev "$interface"
    ;;
  nak)
    ip -4 addr flush dev "$interface"
    set -- deconfig
    ;;
  bound | renew)
    # Not `replace`: an address that stays must not flicker, since connections hang on it.
    ip -4 addr show dev "$interface" | busybox grep -q "inet $ip/$mask " || {
      ip -4 addr flush dev "$interface"
      ip addr add "$ip/$mask" dev "$interface"
    }
    for gateway in $router; do
      ip route replace default via "$gateway" dev "$interface"
      break
    done
    ;;
  *)
    exit 0
    ;;
esac
echo "lease $1 ${ip:-} ${mask:-} ${router%% *} ${serverid:-} ${lease:-}" | busybox tr -s ' '
