#!/bin/sh
# Installs what the demo and the tests need and what is missing, with the package manager of the system.
# Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
#
# usage: sh tests/install.sh GROUP...
#   build   C compiler, meson, ninja, pkg-config, xxhash, mbedTLS, the openssl command; SQLite where it can be had
#   test    OpenSSL's libcrypto, SQLite, cmocka, clang, python3 with pytest; the sanitizers, pmccabe, valgrind and a
#           compiler for ARM and AVR chips where they can be had
#   peers   other POP3 programs: curl, mpop, fetchmail, dovecot, gsasl, popa3d, cyrus. Those that cannot be had are
#           named, no more
# EPOP_PEERS names the folder for peers that are unpacked and not installed (popa3d, cyrus).
# Exit: 0 where everything is there; 69 where something is missing and may not be installed: what to type is printed.
set -u

EX_UNAVAILABLE=69
PATH=$PATH:/usr/sbin:/sbin
scratch=$(mktemp -d "${TMPDIR:-/tmp}/epop-install.XXXXXX") || exit $EX_UNAVAILABLE
guard=
trap '[ -z "$guard" ] || rm -f "$guard"; rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# tool    apt-get          dnf                   apk                       pacman    brew
table='
cc        gcc,libc6-dev    gcc,glibc-devel       gcc,musl-dev              gcc       -
meson     meson            meson                 meson                     meson     meson
ninja     ninja-build      ninja-build           samurai                   ninja     ninja
pkgconf   pkg-config       pkgconf-pkg-config    pkgconf                   pkgconf   pkg-config
xxhash    libxxhash-dev    xxhash-devel          xxhash-dev                xxhash    xxhash
mbedtls   libmbedtls-dev   mbedtls-devel         mbedtls-dev               mbedtls   mbedtls
sqlite    libsqlite3-dev   sqlite-devel          sqlite-dev                sqlite    sqlite
idn2      libidn2-dev      libidn2-devel         libidn2-dev               libidn2   libidn2
openssl   openssl          openssl               openssl                   openssl   openssl
libcrypto libssl-dev       openssl-devel         openssl-dev               openssl   openssl
cmocka    libcmocka-dev    libcmocka-devel       cmocka-dev                cmocka    cmocka
clang     clang            clang                 clang                     clang     -
clang-format clang-format-14 -                  -                         -         -
gcc       gcc              gcc                   gcc                       gcc       -
asan      gcc              libasan,libubsan      -                         gcc       -
pmccabe   pmccabe          -                     -                         -         pmccabe
avr-gcc   gcc-avr,avr-libc avr-gcc,avr-libc    -                         avr-gcc,avr-libc -
arm-none-eabi-gcc gcc-arm-none-eabi,libnewlib-arm-none-eabi arm-none-eabi-gcc-cs,arm-none-eabi-newlib gcc-arm-none-eabi,newlib-arm-none-eabi arm-none-eabi-gcc,arm-none-eabi-newlib -
valgrind  valgrind         valgrind,valgrind-devel valgrind             valgrind  -
pytest    python3-pytest   python3-pytest        py3-pytest                python-pytest pytest
curl      curl             curl                  curl                      curl      curl
mpop      mpop             mpop                  mpop                      mpop      mpop
fetchmail fetchmail        fetchmail             fetchmail                 fetchmail fetchmail
dovecot   dovecot-pop3d    dovecot               dovecot,dovecot-pop3d     dovecot   dovecot
gsasl     gsasl            gsasl                 gsasl                     -         gsasl
'

say() {
    printf '%s\n' "$*"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

manager() {
    for m in apt-get dnf apk pacman brew; do
        if have "$m"; then
            echo "$m"
            return
        fi
    done
}

# The packages of a tool for this package manager; "-" where there is none.
packages() {
    case $manager in
    apt-get) column=2 ;;
    dnf) column=3 ;;
    apk) column=4 ;;
    pacman) column=5 ;;
    brew) column=6 ;;
    *) column=7 ;;
    esac
    printf '%s' "$table" | awk -v tool="$1" -v column="$column" '$1 == tool { print $column }' | tr ',' ' '
}

library_known() {
    { have pkg-config && pkg-config --exists "$1"; } || { have pkgconf && pkgconf --exists "$1"; }
}

header_known() {
    printf '#include <%s>\nint main(void) { return 0; }\n' "$1" >"$scratch/try.c"
    cc -o "$scratch/try" "$scratch/try.c" >/dev/null 2>&1
}

# A compiler without the headers of the C library is as good as none, hence the trial.
compiles() {
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' >"$scratch/try.c"
    "$@" -o "$scratch/try" "$scratch/try.c" >/dev/null 2>&1 && "$scratch/try" >/dev/null 2>&1
}

there() {
    case $1 in
    cc) compiles cc || compiles gcc || compiles clang ;;
    ninja) have ninja || have ninja-build || have samu ;;
    pkgconf) have pkg-config || have pkgconf ;;
    xxhash) library_known libxxhash ;;
    sqlite) library_known sqlite3 ;;
    idn2) library_known libidn2 ;;
    mbedtls) header_known mbedtls/ssl.h ;;
    libcrypto) library_known libcrypto ;;
    cmocka) library_known cmocka ;;
    clang) have clang-14 || have clang ;;
    clang-format) have clang-format-14 ;;
    asan) compiles gcc -fsanitize=address,undefined ;;
    pytest) python3 -m pytest --version >/dev/null 2>&1 || /usr/bin/python3 -m pytest --version >/dev/null 2>&1 ;;
    dovecot) have dovecot && [ -n "$(find /usr/lib /usr/libexec -name pop3-login 2>/dev/null)" ] ;;
    arm-none-eabi-gcc) printf '#include <string.h>\n' | arm-none-eabi-gcc -E - >/dev/null 2>&1 ;;
    *) have "$1" ;;
    esac
}

# How to become root, in words that can be typed: nothing, or "sudo ". Fails where there is no way.
privilege() {
    if [ "$(id -u)" = 0 ] || [ "$manager" = brew ]; then
        echo ""
    elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        echo "sudo "
    else
        return 1
    fi
}

install_command() {
    case $manager in
    apt-get)
        echo "env DEBIAN_FRONTEND=noninteractive" \
            "apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-remove --no-install-recommends install"
        ;;
    dnf) echo "dnf -q -y install" ;;
    apk) echo "apk -q add" ;;
    pacman) echo "pacman -S --needed --noconfirm --noprogressbar" ;;
    brew) echo "brew install -q" ;;
    esac
}

refresh_command() {
    case $manager in
    apt-get) echo "apt-get -qq -o DPkg::Lock::Timeout=300 update" ;;
    apk) echo "apk -q update" ;;
    pacman) echo "pacman -Sy" ;;
    *) echo true ;;
    esac
}

# The same for people.
typed_command() {
    case $manager in
    apt-get) echo "apt-get update && apt-get install" ;;
    dnf) echo "dnf install" ;;
    apk) echo "apk add" ;;
    pacman) echo "pacman -Sy" ;;
    esac
}

# The lists of packages are old or empty on a fresh machine. Once in a run is enough.
refresh() {
    [ ! -e "$scratch/refreshed" ] || return 0
    $become $(refresh_command) >"$scratch/log" 2>&1 || tail -n 5 "$scratch/log" >&2
    : >"$scratch/refreshed"
}

install() {
    say "installing with $manager: $*"
    refresh
    $become $(install_command) "$@" >"$scratch/log" 2>&1 && return 0
    say "$manager could not install $*:"
    tail -n 15 "$scratch/log"
    return 1
}

# Tools that must be there, all of them.
require() {
    missing=
    wanted=
    for tool in "$@"; do
        if ! there "$tool"; then
            missing="$missing $tool"
            wanted="$wanted $(packages "$tool")"
        fi
    done
    [ -n "$missing" ] || return 0
    wanted=$(printf '%s\n' $wanted | grep -v '^-$' | sort -u | tr '\n' ' ')
    if [ -z "$manager" ]; then
        say "missing:$missing. There is no package manager here that this script knows; install them by hand."
        exit $EX_UNAVAILABLE
    fi
    if [ -z "$wanted" ]; then
        say "missing:$missing. $manager has no package for them that this script knows; install them by hand."
        [ "$manager" != brew ] || say "The compiler comes with: xcode-select --install"
        exit $EX_UNAVAILABLE
    fi
    if ! become=$(privilege); then
        say "missing:$missing. This user may not install packages. Type, or have typed by root:"
        say "    $(typed_command) $wanted"
        exit $EX_UNAVAILABLE
    fi
    install $wanted || exit $EX_UNAVAILABLE
    for tool in $missing; do
        there "$tool" || { say "$tool is still missing after the installation."; exit $EX_UNAVAILABLE; }
    done
}

# A freshly installed server must not be started by its package: it would listen on the POP3 port of this machine.
# invoke-rc.d and deb-systemd-invoke ask this file; where there is one already, it is left as it is.
hold_services() {
    if [ "$manager" = apt-get ] && [ "$(id -u)" = 0 ] && [ ! -e /usr/sbin/policy-rc.d ]; then
        guard=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' >$guard && chmod 755 $guard
    fi
}

# unpack NAME PROGRAM PACKAGES...: servers that conflict with other POP3 servers in Debian are unpacked, and run from
# where they are. All that was unpacked is one folder, which is there as a whole or not at all.
unpack() {
    name=$1
    binary=$2
    shift 2
    [ -n "${EPOP_PEERS:-}" ] || return 1
    [ ! -x "$EPOP_PEERS/$name/$binary" ] || return 0
    have apt-get && have dpkg || return 1
    mkdir -p "$scratch/$name" "$EPOP_PEERS" || return 1
    for attempt in old new; do
        if (cd "$scratch/$name" && apt-get -qq download "$@") >"$scratch/log" 2>&1; then
            rm -rf "$EPOP_PEERS/$name" "$EPOP_PEERS/$name.new"
            for package in "$scratch/$name"/*.deb; do
                dpkg -x "$package" "$EPOP_PEERS/$name.new" || return 1
            done
            mv "$EPOP_PEERS/$name.new" "$EPOP_PEERS/$name"
            return
        fi
        [ $attempt = old ] && become=$(privilege) || return 1
        refresh
    done
}

# The libraries that Cyrus was built with, those apart that every system has, and those of parts that no test runs.
cyrus_libraries() {
    apt-cache depends cyrus-common cyrus-pop3d 2>/dev/null | sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p' |
        grep -v -e '^libc6' -e '^libgcc' -e '^libstdc' -e clamav -e zephyr | sort -u
}

unpack_cyrus() {
    unpack cyrus usr/lib/cyrus/bin/pop3d cyrus-common cyrus-pop3d sasl2-bin libsasl2-modules-db $(cyrus_libraries)
}

# What the tests can do without: installed where it can be, named where not.
wish() {
    there "$1" && return
    wanted=$(packages "$1")
    if [ "${wanted:--}" != - ] && become=$(privilege); then
        hold_services
        install $wanted && return
    fi
    say "not available: $1"
}

manager=$(manager)
for group in "$@"; do
    case $group in
    build)
        require cc meson ninja pkgconf xxhash mbedtls openssl
        wish sqlite
        wish idn2
        ;;
    test)
        require gcc libcrypto sqlite idn2 cmocka clang pytest
        wish asan
        wish clang-format
        wish pmccabe
        wish arm-none-eabi-gcc
        wish avr-gcc
        wish valgrind
        ;;
    peers)
        for peer in curl mpop fetchmail dovecot gsasl; do
            wish $peer
        done
        unpack popa3d usr/sbin/popa3d popa3d || say "not available: popa3d"
        unpack_cyrus || say "not available: cyrus"
        ;;
    *)
        say "usage: sh tests/install.sh build|test|peers..." >&2
        exit 64
        ;;
    esac
done
