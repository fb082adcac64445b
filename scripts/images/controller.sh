#!/bin/bash
# Builds the image of an OpenFlow controller: this machine's node with the libraries that it needs, and the built
# packages with their dependencies. No registry. Prints the image's name.
#   docker run -d -p 127.0.0.1:6653:6653 linecard/controller
#   docker run -d -p 127.0.0.1:6633:6633 linecard/controller controller run knock --listen tcp:0.0.0.0:6633 ...
set -eu
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=scripts/images/lib.sh
. "$here/lib.sh"
name=${1:-linecard/controller:latest}

mkdir -p "$root"/{etc,proc,tmp}
chmod 1777 "$root/tmp"
with_linecard
printf 'root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n' >"$root/etc/passwd"

import "$name" 'ENV PATH=/usr/bin' 'USER 65534' 'EXPOSE 6633 6653' \
  'ENTRYPOINT ["node", "/linecard/packages/cli/dist/main.js"]' \
  'CMD ["controller", "run", "learning-switch", "--listen", "tcp:0.0.0.0:6653"]'
