# shellcheck shell=bash
# Sourced by Tests/run and Examples/quickstart: installs, by name, what a machine lacks.

# install_dependencies [COMMAND=PACKAGE...]: makes sure of pkg-config, liblz4 and libcrypto, and of
# further commands, given with the Debian package that holds each.
install_dependencies() {
  if ! command -v swift >/dev/null; then
    echo "Install a Swift toolchain, 6.2 or newer: https://www.swift.org/install" >&2
    return 2
  fi
  case $(uname) in
    Darwin) install_with_brew ;;
    *) install_with_apt "$@" ;;
  esac
}

# install_python_module MODULE PACKAGE: makes sure of a module of Python, which PyPI has.
install_python_module() {
  python3 -c "import $1" 2>/dev/null && return 0
  echo "Installing $2" >&2
  python3 -m pip install --quiet --disable-pip-version-check "$2" >&2
}

install_with_apt() {
  local missing=() pair
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  # Without pkg-config both count as missing; installing what is there changes nothing.
  pkg-config --exists liblz4 2>/dev/null || missing+=(liblz4-dev)
  pkg-config --exists libcrypto 2>/dev/null || missing+=(libssl-dev)
  for pair in "$@"; do
    # Only files count: time is also a word of the shell.
    type -P "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
}

# apt_install PACKAGE...: as root, or through sudo.
apt_install() {
  local missing=("$@") as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  if ! type -P apt-get "${as_root[@]}" >/dev/null; then
    echo "Install these, named here as Debian names them: ${missing[*]}" >&2
    return 2
  fi
  echo "Installing ${missing[*]}" >&2
  # The variable goes through env because sudo does not pass it on. A fresh machine may be running
  # its own apt-get: wait for that one's lock.
  "${as_root[@]}" apt-get -qq update >&2 &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "${missing[@]}" >&2
}

# install_trait_libraries: what targets behind traits link.
install_trait_libraries() {
  pkg-config --exists libisal 2>/dev/null && return 0
  case $(uname) in
    Darwin) HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet isa-l >&2 ;;
    *) apt_install libisal-dev ;;
  esac
}

# install_servers: what the tests of targets on servers run on loopback. None of it is started by the
# system: where nobody has decided about that already, services are held back while it is installed.
install_servers() {
  [ "$(uname)" != Darwin ] || return 0
  local missing=() policy=/usr/sbin/policy-rc.d as_root=() status=0
  PATH=$PATH:/usr/sbin type -P sshd >/dev/null || missing+=(openssh-server)
  type -P rclone >/dev/null || missing+=(rclone)
  /usr/bin/python3 -c 'import pyftpdlib' 2>/dev/null || missing+=(python3-pyftpdlib)
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  if [ -e $policy ]; then policy=; fi
  [ -z "$policy" ] ||
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy"
  apt_install "${missing[@]}" || status=$?
  [ -z "$policy" ] || "${as_root[@]}" rm "$policy"
  return $status
}

# SwiftPM finds brew's openssl@3 by the name in Package.swift, so it is asked by that name here too.
install_with_brew() {
  local missing=() name
  if ! command -v brew >/dev/null; then
    echo "Install Homebrew (https://brew.sh), then: brew install lz4 openssl@3 pkgconf" >&2
    return 2
  fi
  for name in lz4 openssl@3 pkgconf; do
    brew list --versions "$name" >/dev/null || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing ${missing[*]}" >&2
  HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet "${missing[@]}" >&2
}
