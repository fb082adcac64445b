#!/bin/bash
# Builds linecard/openswitch:latest and prints where its archive for `docker load` is: a network operating system whose
# front-panel ports live in the namespace `swns`, made of this distribution's FRRouting.
exec "$(dirname "$(readlink -f "$0")")/frr.sh" openswitch
