#!/bin/bash
# For the scripts beside it, which set $here, that make a container image of what this machine has in the folder $root.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir "$root"

# with_libraries FILE...: copies programs and the libraries that they need, each to its own path.
with_libraries() {
  local file
  { printf '%s\n' "$@" && ldd "$@" 2>/dev/null | grep -o '/[^ ]*\.so[^ :]*'; } | sort -u | while read -r file; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
  done
}

# merge_usr: makes /lib and /lib64 links into /usr where this machine has them so.
merge_usr() {
  local folder
  for folder in lib lib64; do
    if [ -L "/$folder" ]; then mkdir -p "$root/usr/$folder" && ln -s "usr/$folder" "$root/$folder"; fi
  done
}

# with_linecard: copies this machine's node to /usr/bin, and the built packages with what they need at run time to /linecard.
with_linecard() {
  local node room
  node=$(readlink -f "$(command -v node)")
  # shellcheck disable=SC2154 # set by the script
  cd "$here/../.." || return
  [ -e packages/cli/dist/main.js ] || { echo "$0: build the packages first: npx tsc -b" >&2 && exit 1; }
  mkdir -p "$root"/{linecard/node_modules/@linecard,usr/bin}
  with_libraries "$node"
  [ "$node" = /usr/bin/node ] || mv "$root$node" "$root/usr/bin/node"
  # The rooms of this repository are links in node_modules.
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
}

# import NAME CHANGE...: hands the root to Docker as an image; CHANGE is an instruction of a Dockerfile.
import() {
  local name=$1 changes=() change
  shift
  for change in "$@"; do changes+=(--change "$change"); done
  tar --sort=name --mtime=@0 --owner=+0 --group=+0 -C "$root" -c . | docker import "${changes[@]}" - "$name" >/dev/null
  echo "$name"
}
