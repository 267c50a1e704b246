#!/bin/sh
# Runs the tests and the demo as a newcomer would: in a Debian that was made a minute ago and has nothing but a shell and
# apt-get.
# Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
#
# usage: sh tests/fresh.sh [--hosts] [--keep] [FOLDER [COMMAND...]]
#   --hosts   the new system has an /etc/hosts; without this it has none, as minimal containers do
#   --keep    the new system stays when all is over, also when all was well
#   FOLDER    where the new system goes; must not exist yet. Default: one below TMPDIR
#   COMMAND   what to run in the clone in place of tests/run.sh and examples/demo.sh
#
# Needs root, and debootstrap, which is installed if it is missing. Packages come from where this machine's apt-get gets
# them; EPOP_FRESH_SUITE names another release than bookworm. What is tested is the last commit, not the working tree.
# Everything that was started or mounted ends with the script. Exit: that of the first command that failed; 0 if none
# did; 69 if the system cannot be made.
set -u

EX_UNAVAILABLE=69
PATH=$PATH:/usr/sbin:/sbin
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
suite=${EPOP_FRESH_SUITE:-bookworm}
hosts=no
keep=no

usage() {
    sed -n 's/^# usage: /usage: /p' "$root/tests/fresh.sh" >&2
    exit 64
}

give_up() {
    echo "fresh.sh: $1" >&2
    exit $EX_UNAVAILABLE
}

while [ $# -gt 0 ]; do
    case $1 in
    --hosts) hosts=yes ;;
    --keep) keep=yes ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
if [ $# -gt 0 ]; then
    fresh=$1
    shift
    [ ! -e "$fresh" ] || give_up "$fresh exists already; name a folder that does not"
    mkdir -p "$fresh" || exit 1
else
    fresh=$(mktemp -d "${TMPDIR:-/tmp}/epop-fresh.XXXXXX") || exit 1
fi
fresh=$(cd "$fresh" && pwd) || exit 1

[ "$(id -u)" = 0 ] || give_up "only root can make a new system; run it as root"
command -v unshare >/dev/null 2>&1 || give_up "unshare is missing; it is in the package util-linux"
if ! command -v debootstrap >/dev/null 2>&1; then
    apt-get install -y debootstrap || give_up "debootstrap is missing and could not be installed"
fi

# shellcheck disable=SC2016
# The mirror of this machine, so that the script works wherever apt-get does.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 !~ /security/ && $2 == "main" { print $1; exit }')
echo "== $suite into $fresh"
debootstrap --variant=minbase "$suite" "$fresh" ${mirror:+"$mirror"} >"$fresh.log" 2>&1 || {
    tail -n 20 "$fresh.log" >&2
    give_up "debootstrap failed; see $fresh.log"
}
rm -f "$fresh.log"
for file in /etc/resolv.conf /etc/apt/apt.conf.d/*proxy*; do
    if [ -f "$file" ]; then
        cp "$file" "$fresh$file"
    fi
done
rm -f "$fresh/etc/hosts"
if [ $hosts = yes ]; then
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$fresh/etc/hosts"
fi

# The newcomer clones; git itself is not in the new system, and need not be.
git clone -q "file://$root" "$fresh/root/epop" || exit 1

cat >"$fresh/root/go.sh" <<'INSIDE'
set -u
cd /root/epop || exit 1
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
apt-get update -qq || exit 69
if [ $# -gt 0 ]; then
    "$@"
    exit
fi
sh tests/run.sh || exit
sh examples/demo.sh
INSIDE

# A mount and a process namespace of its own: what hangs in there ends with it, and no mount is left.
# shellcheck disable=SC2016
unshare --mount --pid --fork --kill-child sh -c '
    mount --make-rprivate / &&
        mount -t proc proc "$1/proc" &&
        mount --rbind /dev "$1/dev" &&
        mount -t tmpfs tmpfs "$1/tmp" || exit 69
    fresh=$1
    shift
    exec chroot "$fresh" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin CI="${CI:-true}" \
        sh /root/go.sh "$@"' sh "$fresh" "$@"
status=$?

if [ $keep = no ] && [ $status = 0 ]; then
    rm -rf --one-file-system "$fresh"
else
    echo "fresh.sh: the new system is in $fresh"
fi
exit $status
