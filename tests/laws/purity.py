#!/usr/bin/env python3
"""Law 1: the core needs nothing of its surroundings, and writes nothing but what it is given.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

For every option set, with every compiler at hand, plain and position-independent: the archive has no undefined symbols
but five functions of string.h, and no section that is written to, be it by the loader alone (.data.rel.ro). And it
computes no hash of its own: no numbers that MD5, SHA-1 or SHA-2 begin with, no function named like them but mechanisms.
"""
import re
import tempfile

import tree

ALLOWED = {'memcpy', 'memmove', 'memset', 'memcmp', 'memchr'}
# What a compiler or linker brings in by itself: the GOT, the stack protector where it is a distribution's default, and
# division of 64 bits on chips that have none.
UNAVOIDABLE = {'_GLOBAL_OFFSET_TABLE_', '__stack_chk_fail', '__stack_chk_guard', '__udivdi3', '__umoddi3',
               '__aeabi_uldivmod', '__aeabi_uidiv', '__aeabi_uidivmod'}


# Of RFC 1321 section 3.3 and 3.4, RFC 3174 section 5 and 6.1, RFC 6234 section 5.1 and 6.1.
HASH_NUMBERS = (0x67452301, 0xefcdab89, 0xd76aa478, 0xc3d2e1f0, 0x5a827999, 0x6ed9eba1, 0x6a09e667, 0xbb67ae85, 0x428a2f98)
HASH_NAMES = re.compile(r'md5|sha_?[0-9]|sha_?(init|update|final)', flags=re.I)
MECHANISMS = re.compile(r'epop_sasl_(scram_sha_(1|256)(_plus)?|cram_md5)')


def hashes(objects, defined):
    for path in objects:
        with open(path, 'rb') as f:
            octets = f.read()
        for number in HASH_NUMBERS:
            if number.to_bytes(4, 'little') in octets or number.to_bytes(4, 'big') in octets:
                yield f'{path.rsplit("/", 1)[1]} has {number:#x}, of a hash, in it'
        for name in sorted(defined[path]):
            if HASH_NAMES.search(name) and not MECHANISMS.fullmatch(name):
                yield f'{path.rsplit("/", 1)[1]} defines {name}, a name of a hash'


def symbols(objects):
    """For each object, what it defines and what it needs."""
    defined, needed = {path: set() for path in objects}, {path: set() for path in objects}
    for line in tree.run(['nm', '-A', *objects]).stdout.splitlines():
        path, rest = line.split(':', 1)
        kind, name = rest.split()[-2:]
        (needed if kind == 'U' else defined)[path].add(name)
    return defined, needed


def written_sections(objects):
    path = None
    for line in tree.run(['size', '-A', *objects]).stdout.splitlines():
        words = line.split()
        if len(words) >= 2 and words[1] == ':':
            path = words[0]
        elif len(words) == 3 and words[0].startswith(('.data', '.bss', '.tdata', '.tbss')) and words[1] != '0':
            yield f'{path.rsplit("/", 1)[1]} has {words[1]} octets in {words[0]}'


def check_set(name, rooms, made, defined, needed):
    """An option set must be whole in itself: what one of its objects needs, another has."""
    objects = [made[source] for source in tree.sources(rooms)]
    there = set().union(*(defined[path] for path in objects)) | ALLOWED | UNAVOIDABLE
    for path in objects:
        for symbol in sorted(needed[path] - there):
            yield f'{name}: {path.rsplit("/", 1)[1]} needs {symbol}'


def check(compiler, flags, macros):
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        made = tree.compile_objects(compiler, [*flags, *macros], tree.all_sources(), folder)
        defined, needed = symbols(made.values())
        if not any(symbol.startswith('epop_') for names in defined.values() for symbol in names):
            faults.append('no symbol of epop found; does nm work?')
        faults += written_sections(made.values())
        faults += hashes(made.values(), defined)
        for name, (rooms, set_macros) in tree.OPTION_SETS.items():
            if set_macros == macros:
                faults += check_set(name, rooms, made, defined, needed)
    return [f'{" ".join([compiler, *flags, *macros])}: {fault}' for fault in faults]


def main():
    faults = []
    for compiler in tree.compilers():
        for flags, macros in ((['-O2'], []), (['-O2'], ['-DEPOP_NO_STRERROR']), (['-O2'], ['-DEPOP_NO_TRACE']),
                              (['-O2', '-fPIC'], []), (['-Os'], [])):
            faults += check(compiler, flags, macros)
    tree.finish(faults, 'The core may call memcpy, memmove, memset, memcmp and memchr alone. Tables are const and hold '
                'no pointers: put text into the row itself (char name[12]), so that nothing is relocated. Hashes are '
                'the host\'s (epop_crypto).')


main()
