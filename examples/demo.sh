#!/bin/sh
# Shows popd and popget at work on this machine, with TLS: serve a maildrop, fetch it, compare every octet, delete it.
# Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
#
# usage: sh examples/demo.sh
# Needs a shell; what else is missing is installed, or named where this user may not install (exit status 69).
# All files it makes are in one private folder, which goes away at the end.
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
mail=$root/examples/demo-mail
LC_ALL=C
export LC_ALL
umask 077

password='first class'
work=$(mktemp -d "${TMPDIR:-/tmp}/epop-demo.XXXXXX") || exit 1
server=
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

step() {
    printf '\n== %s\n' "$*"
}

# The last words where something went wrong: what, and the end of the log that tells why.
fail() {
    printf '\n%s\n' "$1" >&2
    [ -z "${2:-}" ] || tail -n 25 "$2" >&2
    printf 'epop demo: FAILED\n' >&2
    exit 1
}

in_folder() {
    find "$1" -type f | wc -l | tr -d ' '
}

# POP3 knows one line end, so popd sends CRLF for every LF, CR and CRLF, and ends the last line where it has no end;
# popget writes LF for CRLF. Both sides of the comparison are brought to that form: every line end an LF, the last one there.
normalise() {
    cr=$(printf '\r')
    sed "s/$cr\$//" "$1" | tr '\r' '\n' | awk '{ print }'
}

build() {
    compiler=${CC:-cc}
    command -v "$compiler" >/dev/null 2>&1 || compiler=gcc
    CC=$compiler meson setup "$work/build" "$root" --buildtype=release -Dmbedtls=enabled -Dexamples=enabled -Dtests=disabled \
        >"$work/build.log" 2>&1 && meson compile -C "$work/build" >>"$work/build.log" 2>&1
}

# Words, on purpose.
new_key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

authority() {
    openssl req -x509 $new_key -days 2 -subj "/CN=$1" -addext keyUsage=critical,keyCertSign \
        -keyout "$work/$1.key" -out "$work/$1.pem"
}

# An authority of our own, and a certificate of it for a server on this machine; and an authority that has nothing to do
# with it. All are worth nothing elsewhere.
make_certificates() {
    authority stranger && authority ca &&
        openssl req $new_key -subj /CN=localhost -keyout "$work/server.key" -out "$work/server.csr" &&
        echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >"$work/server.ext" &&
        openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
            -extfile "$work/server.ext" -out "$work/server.pem"
}

# popd chooses free ports and writes them down when it is ready.
serve() {
    mkdir -p "$work/mail/newcomer/cur" "$work/mail/newcomer/new" "$work/mail/newcomer/tmp"
    cp "$mail"/new/* "$work/mail/newcomer/new/"
    hashed=$(echo "$password" | "$work/build/examples/popd/popd" --hash-password) || fail "popd does not hash."
    printf 'newcomer:%s\n' "$hashed" >"$work/users"
    "$work/build/examples/popd/popd" --root "$work/mail" --users "$work/users" --listen 127.0.0.1:0 \
        --listen-tls 127.0.0.1:0 --cert "$work/server.pem" --key "$work/server.key" --port-file "$work/port" \
        >"$work/popd.log" 2>&1 &
    server=$!
    turns=0
    until port_pops=$(sed -n 's/^pops .*://p' "$work/port" 2>/dev/null) && [ -n "$port_pops" ]; do
        kill -0 "$server" 2>/dev/null || fail "popd did not start." "$work/popd.log"
        turns=$((turns + 1))
        [ $turns -le 30 ] || fail "popd was not ready after 30 seconds." "$work/popd.log"
        sleep 1
    done
    stls=pop://newcomer@localhost:$(sed -n 's/^pop .*://p' "$work/port")
    pops=pops://newcomer@127.0.0.1:$port_pops
}

popget() {
    POPGET_PASSWORD=$password "$work/build/examples/popget/popget" --ca "$work/ca.pem" --trace "$work/trace" "$@" \
        2>"$work/popget.log" || fail "popget $* ended with status $?." "$work/popget.log"
}

# What the trace says of the login; the password is not in it.
tell_login() {
    ! grep -q -F "$password" "$work/trace" || fail "The password is in the trace."
    sed -n '/^C: STLS$/p; /^C: AUTH/p' "$work/trace"
}

# So many there must be, after a run that fetches what no run has fetched before.
fetch_new() {
    popget --state "$work/state" --maildir "$work/new-mail" "$stls"
    cat "$work/popget.log"
    [ "$(in_folder "$work/new-mail")" = "$1" ] || fail "There should be $1 messages." "$work/popget.log"
}

compare() {
    equal=0
    for file in "$mail"/new/*; do
        id=$(tr -d '\r' <"$file" | sed -n 's/^Message-ID: //p')
        copy=$(grep -l -F "Message-ID: $id" "$work"/fetched/new/*)
        [ -f "$copy" ] || fail "$(basename "$file") is not among the messages that were fetched, or is there twice."
        normalise "$file" >"$work/sent"
        normalise "$copy" >"$work/got"
        cmp "$work/sent" "$work/got" || fail "$(basename "$file") has changed on its way."
        equal=$((equal + 1))
    done
}

step "Tools"
sh "$root/tests/install.sh" build || exit $?
echo "compiler, meson, ninja, pkg-config, xxhash, mbedTLS and openssl are there"

step "Build (about ten seconds)"
build || fail "The build failed." "$work/build.log"
echo "popd, a POP3 server, and popget, a POP3 client"

step "Certificates"
make_certificates >"$work/openssl.log" 2>&1 || fail "openssl made no certificates." "$work/openssl.log"
echo "an authority, and one of its certificates for localhost and 127.0.0.1"

step "Serve"
serve
total=$(in_folder "$mail/new")
echo "popd serves a copy of examples/demo-mail, $total messages, to user newcomer, of whom it knows a hash:"
echo "$stls  (TLS by STLS)"
echo "$pops  (TLS from the first octet)"

step "popget --list, with STLS"
popget --list "$stls"
echo "the trace has:"
tell_login
popget --list --json "$stls" >"$work/rows"
listed=$(grep -c '^{' "$work/rows")
[ "$listed" = "$total" ] || fail "$listed messages are listed, not $total."

step "A server that nobody vouches for"
SSL_CERT_FILE=$work/stranger.pem POPGET_PASSWORD=$password "$work/build/examples/popget/popget" --list "$pops" \
    2>"$work/popget.log" </dev/null
status=$?
[ $status = 77 ] || fail "popget ended with status $status where it does not know the authority." "$work/popget.log"
echo "without --ca popget tells nothing to this server:"
cat "$work/popget.log"

step "popget --maildir, with TLS from the first octet"
popget --maildir "$work/fetched" "$pops"
tell_login
fetched=$(in_folder "$work/fetched")
[ "$fetched" = "$total" ] || fail "$fetched messages were fetched, not $total."
echo "$fetched messages fetched into a new Maildir, and kept on the server"

step "Compare"
compare
echo "$equal of $total messages are equal octet by octet (cmp), with every line end taken as LF on both sides"

step "popget --state: each message once"
fetch_new "$total"
fetch_new "$total"
printf 'Subject: one more\n\nHello again.\n' >"$work/mail/newcomer/new/2000000000.more.demo"
total=$((total + 1))
fetch_new "$total"
echo "all at first, then nothing, then the one that had come meanwhile"

step "popget --delete"
popget --maildir "$work/fetched-again" --delete "$stls"
[ "$(in_folder "$work/fetched-again")" = "$total" ] || fail "Not all messages were fetched before they were deleted."
popget --list --json "$stls" >"$work/rows"
[ ! -s "$work/rows" ] || fail "The maildrop is not empty." "$work/rows"
[ "$(in_folder "$work/mail/newcomer")" = 0 ] || fail "Message files are left in the maildrop."
echo "fetched once more, then deleted: the maildrop is empty"

step "Stop"
kill "$server"
wait "$server"
status=$?
server=
[ $status = 0 ] || fail "popd ended with status $status." "$work/popd.log"
echo "popd has ended in good order"

printf '\nepop demo: all is well. %s messages went there and back unharmed, under TLS.\n' "$total"
