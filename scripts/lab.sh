#!/usr/bin/env bash
# The base image of the swarm lab: a Debian or Ubuntu like this machine's, with what builds and servers need, as
# build/lab/base.tar for `docker import`. Images cannot be pulled everywhere; packages can. What is there already is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FOLDER=build/lab
# What deploy/Dockerfile would install, and the servers that stand for the official images.
readonly PACKAGES=(g++ make cmake ninja-build git git-lfs ccache distcc patch python3 procps ca-certificates
  redis-server postgresql)

fail() {
  printf 'lab: %s\n' "$*" >&2
  exit 3
}

codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }
# shellcheck disable=SC2016  # apt's words, not the shell's
mirror() { apt-get indextargets --format '$(REPO_URI)' "Codename: $(codename)" | sed -n 1p; }

recipe() {
  codename
  printf '%s\n' "${PACKAGES[@]}"
  cat scripts/lab.sh
}

build() {
  local root=$FOLDER/root included uri components=main
  uri=$(mirror)
  if [[ -z "$uri" ]]; then  # apt has no lists yet
    apt-get update -qq
    uri=$(mirror)
  fi
  [[ -n "$uri" ]] || fail "apt knows no place to take $(codename) from"
  [[ "$uri" != *ubuntu* ]] || components=main,universe
  included=$(IFS=,; echo "${PACKAGES[*]}")
  bootstrap() {
    rm -rf "$root"
    debootstrap --variant=minbase --components="$components" --include="$included" "$(codename)" "$root" "$uri" >"$FOLDER/install.log" 2>&1
  }
  bootstrap || bootstrap || { tail -n 20 "$FOLDER/install.log" >&2; fail "debootstrap failed"; }
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/* "$root"/var/log/*.log
  tar --sort=name --numeric-owner -C "$root" -cf "$FOLDER/base.tar.new" .
  rm -rf "$root"
  mv "$FOLDER/base.tar.new" "$FOLDER/base.tar"
}

main() {
  [[ $# -eq 0 ]] || fail "unexpected argument '$1'"
  if [[ -f $FOLDER/base.tar ]] && recipe | cmp -s - "$FOLDER/recipe"; then
    printf 'lab: its image is there\n'
    return
  fi
  [[ $EUID -eq 0 ]] || fail "debootstrap needs root: sudo scripts/lab.sh"
  mkdir -p "$FOLDER"
  rm -f "$FOLDER/recipe"
  build
  recipe >"$FOLDER/recipe"
  printf 'lab: its image is made\n'
}

main "$@"
