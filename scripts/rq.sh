#!/usr/bin/env bash
# RQ in the versions that Debian does not package, for the tests of the queue: `scripts/rq.sh [VERSION...]` installs
# tests/queue/requirements-VERSION.txt into build/rq/VERSION. What is there already is left alone, and takes milliseconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PYTHON=/usr/bin/python3  # Debian's, whatever else stands in the PATH
readonly LOG=build/rq/install.log

fail() {
  printf 'rq: %s\n' "$*" >&2
  exit 3
}

# What an environment was made of; stands in it once it is complete.
recipe() {
  "$PYTHON" --version
  pwd  # programs of an environment name their interpreter by its path
  cat "$1"
}

install() {
  local version=$1 list=tests/queue/requirements-$1.txt folder=build/rq/$1
  [[ -f $list ]] || fail "no version '$version': there is no $list"
  if recipe "$list" | cmp -s - "$folder/recipe"; then
    printf 'rq: %s is there\n' "$version"
    return
  fi
  rm -rf "$folder"
  mkdir -p "$folder"
  "$PYTHON" -m venv "$folder" >"$LOG" 2>&1 || { cat "$LOG" >&2; fail "no virtual environment in $folder"; }
  "$folder/bin/python3" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: -r "$list" >"$LOG" 2>&1 || { cat "$LOG" >&2; fail "RQ $version could not be installed"; }
  recipe "$list" >"$folder/recipe"
  printf 'rq: %s is installed\n' "$version"
}

main() {
  local list versions=("$@")
  if [[ $# -eq 0 ]]; then
    for list in tests/queue/requirements-*.txt; do
      list=${list##*/requirements-}
      versions+=("${list%.txt}")
    done
  fi
  local version
  for version in "${versions[@]}"; do
    install "$version"
  done
}

main "$@"
