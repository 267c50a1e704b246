#!/bin/sh
# Builds everything and runs every test: with gcc and its sanitizers, with clang, and end to end with other programs.
# Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
#
# usage: sh tests/run.sh [--long]
#   --long  tests that have a long form run that (EPOP_TEST_LONG=1)
# What is missing is installed, or named where this user may not install (exit status 69). A POP3 program that cannot be
# had is skipped by name; with CI=true that is a failure. Builds go to build/, or to EPOP_BUILD.
# The last line is "N passed, N failed, N skipped"; a test program in C counts as one. Exit: 0 where nothing failed.
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
case ${1:-} in
--long) EPOP_TEST_LONG=1 && export EPOP_TEST_LONG ;;
"") ;;
*)
    echo "usage: sh tests/run.sh [--long]" >&2
    exit 64
    ;;
esac

build=${EPOP_BUILD:-$root/build}
mkdir -p "$build" || exit 1
build=$(cd "$build" && pwd)
echo '*' >"$build/.gitignore"
PATH=$PATH:/usr/sbin:/sbin
EPOP_PEERS=${EPOP_PEERS:-$build/peers}
export PATH EPOP_PEERS

passed=0
failed=0
skipped=0
failures=

step() {
    printf '\n== %s\n' "$*"
}

count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

failure() {
    echo "FAILED: $1"
    failures="$failures
  $1"
}

one_failure() {
    count 0 1 0
    failure "$1"
}

first_of() {
    for program in "$@"; do
        if command -v "$program" >/dev/null 2>&1; then
            echo "$program"
            return
        fi
    done
}

# A build folder keeps its options, so a second run only compiles what has changed.
compile() {
    name=$1
    shift
    if [ ! -f "$build/$name/build.ninja" ]; then
        rm -rf "${build:?}/$name"
        meson setup "$build/$name" "$root" --werror "$@" >"$build/$name.log" 2>&1 || {
            tail -n 30 "$build/$name.log"
            return 1
        }
    fi
    meson compile -C "$build/$name" >"$build/$name.log" 2>&1 || {
        grep -E -A 12 'error:|FAILED:|undefined reference' "$build/$name.log" | head -n 80
        return 1
    }
}

outcomes() {
    grep -c -E "\"result\": \"($1)\"" "$build/$2/meson-logs/testlog.json"
}

c_tests() {
    rm -f "$build/$1/meson-logs/testlog.json"
    meson test -C "$build/$1" --no-rebuild --print-errorlogs --timeout-multiplier 3
    status=$?
    if [ ! -f "$build/$1/meson-logs/testlog.json" ]; then
        one_failure "C tests, $1: none were run"
        return
    fi
    bad=$(outcomes 'FAIL|TIMEOUT|ERROR|INTERRUPT|UNEXPECTEDPASS' "$1")
    count "$(outcomes 'OK|EXPECTEDFAIL' "$1")" "$bad" "$(outcomes SKIP "$1")"
    if [ "$bad" != 0 ]; then
        failure "C tests, $1"
    elif [ $status != 0 ]; then
        one_failure "C tests, $1: meson test ended with $status"
    fi
}

step "Tools"
sh "$root/tests/install.sh" build test || exit $?
sh "$root/tests/install.sh" peers || exit $?
for python in python3 /usr/bin/python3; do
    "$python" -m pytest --version >/dev/null 2>&1 && break
done

step "gcc with AddressSanitizer and UndefinedBehaviorSanitizer"
sanitize=address,undefined
printf 'int main(void) { return 0; }\n' >"$build/try.c"
if ! gcc -fsanitize=$sanitize -o "$build/try" "$build/try.c" 2>/dev/null || ! "$build/try"; then
    sanitize=none
    if [ "${CI:-}" = true ]; then
        one_failure "this gcc has no sanitizers"
    else
        count 0 0 1
        echo "skipped: sanitizers, which this gcc does not have"
    fi
fi
rm -f "$build/try" "$build/try.c"
ASAN_OPTIONS=detect_stack_use_after_return=1
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS
if CC=gcc compile sanitised -Db_sanitize=$sanitize -Dmbedtls=enabled -Dtests=enabled -Dexamples=enabled; then
    c_tests sanitised
else
    one_failure "build with gcc and sanitizers"
fi

clang=$(first_of clang-14 clang)
step "$clang"
if CC=$clang compile clang -Dmbedtls=enabled -Dtests=enabled -Dexamples=enabled; then
    c_tests clang
else
    one_failure "build with $clang"
fi

step "End to end"
if CC=gcc compile release --buildtype=release -Dmbedtls=enabled -Dtests=disabled -Dexamples=enabled &&
    CC=gcc compile plain --buildtype=release -Dmbedtls=disabled -Dsqlite=disabled -Didn2=disabled -Dtests=disabled -Dexamples=enabled; then
    EPOP_POPD=$build/sanitised/examples/popd/popd
    EPOP_POPGET=$build/sanitised/examples/popget/popget
    EPOP_POPD_RELEASE=$build/release/examples/popd/popd
    EPOP_POPGET_RELEASE=$build/release/examples/popget/popget
    EPOP_POPD_PLAIN=$build/plain/examples/popd/popd
    EPOP_POPGET_PLAIN=$build/plain/examples/popget/popget
    EPOP_TEST_COUNTS=$build/e2e-counts
    PYTHONDONTWRITEBYTECODE=1
    export EPOP_POPD EPOP_POPGET EPOP_POPD_RELEASE EPOP_POPGET_RELEASE EPOP_POPD_PLAIN EPOP_POPGET_PLAIN
    export EPOP_TEST_COUNTS PYTHONDONTWRITEBYTECODE
    rm -f "$EPOP_TEST_COUNTS"
    "$python" -m pytest -q -rfEs -p no:cacheprovider -c /dev/null --rootdir "$root/tests/e2e" \
        --basetemp "$build/e2e-files" --tb=short -o faulthandler_timeout=600 "$root/tests/e2e"
    status=$?
    if read -r good bad left_out 2>/dev/null <"$EPOP_TEST_COUNTS"; then
        count "$good" "$bad" "$left_out"
        [ "$bad" = 0 ] || failure "end-to-end tests"
        [ "$bad" != 0 ] || [ $status = 0 ] || one_failure "end-to-end tests: pytest ended with $status"
    else
        one_failure "end-to-end tests: pytest ended with $status"
    fi
    rm -rf "$build/e2e-files"
else
    one_failure "release build, or the one without mbedTLS"
fi

if [ -n "$failures" ]; then
    printf '\nFailed:%s\n' "$failures"
fi
printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
