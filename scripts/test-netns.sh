#!/bin/bash
# Runs its arguments in a network and a mount namespace of their own, with lo up: whatever a test does to interfaces,
# addresses or packet filters stays there. LINECARD_TEST_NETNS=1 tells tests that they may.
# usage: scripts/test-netns.sh PROGRAM [ARGUMENT...]
set -eu
export LINECARD_TEST_NETNS=1
# shellcheck disable=SC2016 # "$@" is for the inner shell
exec unshare --net --mount --propagation private -- sh -c 'ip link set lo up && exec "$@"' test-netns "$@"
