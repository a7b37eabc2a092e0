#!/usr/bin/env bash
# The server for tests that speaks MongoDB's protocol: builds tests/store/standin into build/standin/standin, with a Go of its
# own, pinned in requirements.txt there: one that happens to be on a machine would prove nothing. What is there already is
# left alone, and takes milliseconds; the first time takes minutes and the network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PYTHON=/usr/bin/python3  # Debian's, whatever else stands in the PATH
readonly SOURCE=tests/store/standin
readonly FOLDER=build/standin
readonly LOG=$FOLDER/install.log

fail() {
  printf 'standin: %s\n' "$*" >&2
  exit 3
}

# `logged MESSAGE COMMAND...`: what it printed is shown only when it fails.
logged() {
  local message=$1
  shift
  "$@" >"$LOG" 2>&1 || { cat "$LOG" >&2; fail "$message"; }
}

# What Go was made of; stands in its folder once it is complete.
go_recipe() {
  "$PYTHON" --version
  pwd  # programs of an environment name their interpreter by its path
  cat "$SOURCE/requirements.txt"
}

# What the server was made of; stands beside it once it is built.
recipe() {
  go_recipe
  cat "$SOURCE/go.mod" "$SOURCE/go.sum" "$SOURCE"/*.go
}

install_go() {
  if go_recipe | cmp -s - "$FOLDER/go/recipe"; then
    return
  fi
  rm -rf "$FOLDER/go"
  logged "no virtual environment in $FOLDER/go" "$PYTHON" -m venv "$FOLDER/go"
  logged "Go could not be installed" "$FOLDER/go/bin/python3" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: -r "$SOURCE/requirements.txt"
  go_recipe >"$FOLDER/go/recipe"
}

# Go keeps all it has in the folder, asks for no other version of itself, and changes neither go.mod nor go.sum. A server
# that runs keeps its file: the new one is renamed into its place.
build() {
  local root=$PWD
  logged "the server could not be built" env -u GOROOT CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=local \
    GOPATH="$root/$FOLDER/gopath" GOCACHE="$root/$FOLDER/gocache" GOFLAGS='-mod=readonly -modcacherw -buildvcs=false' \
    "$FOLDER/go/bin/go" build -C "$SOURCE" -trimpath -o "$root/$FOLDER/standin.new" .
  mv "$FOLDER/standin.new" "$FOLDER/standin"
}

main() {
  [[ $# -eq 0 ]] || fail "unexpected argument '$1'"
  if [[ -x $FOLDER/standin ]] && recipe | cmp -s - "$FOLDER/recipe"; then
    printf 'standin: is there\n'
    return
  fi
  mkdir -p "$FOLDER"
  rm -f "$FOLDER/recipe"
  install_go
  build
  recipe >"$FOLDER/recipe"
  printf 'standin: is built\n'
}

main "$@"
