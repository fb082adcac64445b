#!/bin/bash
# For the scripts beside it that make a container image of what this machine has, in the folder $root.
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

# import NAME CHANGE...: hands the root to Docker as an image; CHANGE is an instruction of a Dockerfile.
import() {
  local name=$1 changes=() change
  shift
  for change in "$@"; do changes+=(--change "$change"); done
  tar --sort=name --mtime=@0 --owner=+0 --group=+0 -C "$root" -c . | docker import "${changes[@]}" - "$name" >/dev/null
  echo "$name"
}
