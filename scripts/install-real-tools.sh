#!/usr/bin/env bash
# Installs the real programs that test/real runs on the emulated /sys: mdevctl, libvirt, udev, qemu-user and a compiler from the
# distribution, and s390-tools for s390x unpacked into a directory of their own, so that the machine's package database stays as it is.
# Quick when everything is there. What cannot be had is named in a line and never fails the caller: its tests are skipped with a reason.
#
# APEMU_S390X_ROOT: where the s390x packages are unpacked; default ${XDG_CACHE_HOME:-$HOME/.cache}/apemu/s390x.
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
s390x_root=${APEMU_S390X_ROOT:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/apemu/s390x}
# A mirror that does not answer must not hold up everything else.
limits=(-o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o DPkg::Lock::Timeout=60)

say() { echo "real tools: $*"; }

has() { command -v "$1" >/dev/null 2>&1; }

# Packages whose program is not there, one a line.
missing_packages() {
  has mdevctl || echo mdevctl
  has qemu-s390x-static || has qemu-s390x || echo qemu-user-static
  has libvirtd || echo libvirt-daemon
  has virsh || echo libvirt-clients
  has udevadm || echo udev
  has python3 || echo python3
  if ! has gcc; then
    echo gcc
    echo libc6-dev
  fi
}

install_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  [ ${#packages[@]} -gt 0 ] || return 0
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get "${limits[@]}" -qq update || say 'apt-get update failed, going on with the package lists that are there'
  # One after another when they cannot be had together: a package that a distribution does not have must not cost the others.
  if ! apt-get "${limits[@]}" -qq -y --no-install-recommends install "${packages[@]}" >/dev/null; then
    local package
    for package in "${packages[@]}"; do
      apt-get "${limits[@]}" -qq -y --no-install-recommends install "$package" >/dev/null || say "$package cannot be installed"
    done
  fi
}

# Unpacks lszcrypt and chzcrypt for s390x with the C library they need. The package lists, the archives and the status file are private.
# The tree gets its name when it is whole.
unpack_s390x() {
  [ ! -e "$s390x_root/.complete" ] || return 0
  local work
  mkdir -p "$(dirname "$s390x_root")"
  work=$(mktemp -d "$s390x_root.XXXXXX")
  if download_s390x "$work"; then
    # Another run may have been quicker: then its tree is as good as this one.
    mv -T "$work/root" "$s390x_root" 2>/dev/null || [ -e "$s390x_root/.complete" ] || say "$s390x_root is in the way: remove it and try again"
  else
    say 'no s390-tools for s390x: the distribution of this machine does not have them, or cannot be reached'
  fi
  rm -rf "$work"
}

# The sandbox user of apt cannot write into a directory of root's.
download_s390x() {
  local work=$1 archive
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
  : >"$work/status"
  local private=(
    -o APT::Architecture=s390x -o APT::Architectures=s390x -o APT::Sandbox::User=root
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives"
  )
  say "fetching s390-tools for s390x into $s390x_root"
  # Sources without s390x make it fail or warn; whether it was enough shows when the packages are fetched.
  apt-get "${limits[@]}" "${private[@]}" -qq update >/dev/null 2>&1 || true
  (cd "$work/archives" && apt-get "${limits[@]}" "${private[@]}" -qq download s390-tools libc6 >/dev/null 2>&1) || return 1
  for archive in "$work"/archives/*.deb; do dpkg-deb -x "$archive" "$work/root" || return 1; done
  # Where /lib and /sbin are links to /usr, packages put their files there; the loader is asked for by its old name.
  [ -e "$work/root/lib" ] || ln -s usr/lib "$work/root/lib"
  [ -e "$work/root/sbin" ] || ln -s usr/sbin "$work/root/sbin"
  [ -x "$work/root/sbin/lszcrypt" ] || return 1
  : >"$work/root/.complete"
}

if [ "$(uname -s)" != Linux ] || ! has apt-get || ! has dpkg-deb; then
  say 'no apt-get here: tests of programs that are not installed are skipped'
elif [ "$(id -u)" -ne 0 ]; then
  mapfile -t absent < <(missing_packages)
  [ ${#absent[@]} -eq 0 ] || say "not root, not installed: ${absent[*]}"
  unpack_s390x || say 's390-tools for s390x could not be unpacked'
else
  install_packages || say 'some packages could not be installed'
  unpack_s390x || say 's390-tools for s390x could not be unpacked'
fi
