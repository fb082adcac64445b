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

cd "$here/../.."
[ -e packages/cli/dist/main.js ] || { echo "$0: build the packages first: npx tsc -b" >&2 && exit 1; }
mkdir -p "$root"/{etc,linecard/node_modules/@linecard,proc,tmp,usr/bin}
chmod 1777 "$root/tmp"
node=$(readlink -f "$(command -v node)")
with_libraries "$node"
[ "$node" = /usr/bin/node ] || mv "$root$node" "$root/usr/bin/node"

# What the command needs at run time; the rooms of this repository are links in node_modules.
npm ls --omit=dev --all --parseable --workspace @linecard/cli | sed "s|^$PWD/||" | grep ^node_modules/ | sort -u |
  while read -r folder; do
    if [ -L "$folder" ]; then
      room=packages/${folder##*/}
      mkdir -p "$root/linecard/$room"
      cp -r "$room/package.json" "$room/dist" "$root/linecard/$room/"
      ln -s "../../$room" "$root/linecard/$folder"
    elif [ -d "$folder" ]; then
      mkdir -p "$root/linecard/$(dirname "$folder")"
      cp -r "$folder" "$root/linecard/$(dirname "$folder")/"
    fi
  done
cp package.json "$root/linecard/"
printf 'root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n' >"$root/etc/passwd"

import "$name" 'ENV PATH=/usr/bin' 'USER 65534' 'EXPOSE 6633 6653' \
  'ENTRYPOINT ["node", "/linecard/packages/cli/dist/main.js"]' \
  'CMD ["controller", "run", "learning-switch", "--listen", "tcp:0.0.0.0:6653"]'
