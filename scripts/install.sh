#!/usr/bin/env bash
# Installs what is missing of Debian's or Ubuntu's packages: `scripts/install.sh GROUP...`, groups build, test, demo.
# Debian 12, Debian 13 and Ubuntu 24.04. What is there is left alone; with all there it takes milliseconds.
set -euo pipefail

readonly BUILD=(g++ cmake ninja-build pkgconf git libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev
  libtomlplusplus-dev libsqlite3-dev libexpected-dev libssl-dev libhiredis-dev zlib1g-dev
  libarchive-dev libzstd-dev libmongoc-dev libseccomp-dev libboost-dev)
readonly TEST=(libgtest-dev libgmock-dev libbenchmark-dev clang libclang-rt-dev clang-format clang-tidy python3
  ccache distcc git-lfs shellcheck tmux bash zsh fish man-db util-linux procps openssl redis-server python3-rq python3-venv python3-pip
  postgresql python3-pymongo python3-gridfs docker.io debootstrap openssh-server openssh-client iproute2 iptables)
readonly DEMO=(g++ pkgconf libns3-dev libgsl-dev)
readonly POLICY=/usr/sbin/policy-rc.d

say() { printf 'install: %s\n' "$*"; }
fail() {
  printf 'install: %s\n' "$*" >&2
  exit 3
}

missing_of() {
  local installed package
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qx "installed $package" <<<"$installed" || echo "$package"
  done
}

AS_ROOT=()

# Tests start servers of their own. A service that a package brings is not started now (packages ask policy-rc.d), and not
# with the machine.
hold_services() {
  [[ ! -e $POLICY ]] || return 0
  trap '"${AS_ROOT[@]}" rm -f "$POLICY"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${AS_ROOT[@]}" tee "$POLICY" >/dev/null
  "${AS_ROOT[@]}" chmod 755 "$POLICY"
}

disable_services() {
  local package units
  for package in "$@"; do
    case "$package" in
      redis-server | postgresql | distcc) units=("$package.service") ;;
      docker.io) units=(docker.service docker.socket containerd.service) ;;
      openssh-server) units=(ssh.service ssh.socket) ;;
      *) continue ;;
    esac
    ! command -v systemctl >/dev/null || "${AS_ROOT[@]}" systemctl disable --quiet "${units[@]}" || true
  done
}

apt_install() {
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || fail "not root and no sudo; as root: apt-get install $*"
    AS_ROOT=(sudo)
  fi
  say "missing: $*"
  hold_services
  "${AS_ROOT[@]}" apt-get update -qq || say "apt-get update failed; trying with the lists that are here"
  "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends "$@" >/dev/null ||
    fail "apt-get install failed for: $*"
  disable_services "$@"
}

packages_of() {
  case "$1" in
    build) printf '%s\n' "${BUILD[@]}"; node ;;
    test) printf '%s\n' "${TEST[@]}"; docker_client; node; browser ;;
    demo) printf '%s\n' "${DEMO[@]}" ;;
    *) fail "no group '$1'; the groups are build, test and demo" ;;
  esac
}

# In Debian 13 the client of Docker is a package of its own.
docker_client() {
  local known
  known=$(apt-cache --names-only search '^docker-cli$' 2>/dev/null || true)
  [[ -z "$known" ]] || echo docker-cli
}

# What builds the pages; one of another origin does, too.
node() {
  local version=""
  ! command -v npm >/dev/null || version=$(command node --version 2>/dev/null || true)
  version=${version#v}
  [[ ${version%%.*} =~ ^[0-9]+$ && ${version%%.*} -ge 18 ]] || printf '%s\n' nodejs npm
}

# Ubuntu has none as a package: SIMSWARM_CHROMIUM names the one that tests are to use.
browser() {
  local id
  id=$(sed -n 's/^ID=//p' /etc/os-release 2>/dev/null || true)
  [[ "$id" == ubuntu ]] || echo chromium
}

main() {
  [[ $# -gt 0 ]] || fail "usage: install.sh GROUP...; the groups are build, test and demo"
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this is neither Debian nor Ubuntu; install by hand what the lists in scripts/install.sh name"
  fi
  local group lines packages=() missing
  for group in "$@"; do
    lines=$(packages_of "$group")
    mapfile -t -O "${#packages[@]}" packages <<<"$lines"
  done
  mapfile -t missing < <(missing_of "${packages[@]}")
  if [[ ${#missing[@]} -eq 0 ]]; then
    say "$*: all there"
    return
  fi
  apt_install "${missing[@]}"
  say "$*: done"
}

main "$@"
