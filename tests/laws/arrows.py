#!/usr/bin/env python3
"""Arrows between the rooms of lib/ run one way, and what lib/meson.build lists is what there is.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import tree

# Which rooms, and which headers of the system, a room may include.
MAY = {
    'wire': {'wire'},
    'sasl': {'sasl', 'wire'},
    'session': {'session', 'wire'},
    'client': {'client', 'sasl', 'session', 'wire'},
    'server': {'server', 'sasl', 'session', 'wire'},
    'sync': {'sync', 'client', 'wire'},
    'mbedtls': {'mbedtls', 'wire'},
}
PUBLIC = {
    'wire': {'base', 'version', 'wire'},
    'sasl': {'base', 'sasl', 'wire'},
    'session': {'base', 'wire'},
    'client': {'base', 'client', 'sasl', 'wire'},
    'server': {'base', 'sasl', 'server', 'wire'},
    'sync': {'base', 'client', 'sync'},
    'mbedtls': {'base', 'mbedtls', 'sasl', 'wire'},
}
SYSTEM = {'string.h', 'stddef.h', 'stdint.h', 'limits.h'}


def check_file(path):
    room = path.split('/')[1]
    for quote, name in re.findall(r'^\s*#\s*include ([<"])([^>"]*)[>"]', tree.read(path), flags=re.M):
        if name.startswith('epop/'):
            fine = name[5:-2] in PUBLIC[room]
        elif quote == '<':
            fine = name in SYSTEM or (room == 'mbedtls' and name.startswith(('mbedtls/', 'psa/')))
        else:
            fine = name.split('/')[0] in MAY[room]
        if not fine:
            yield f'{path} may not include {name}'


def main():
    faults = []
    files = tree.c_files('lib', suffixes=('.c', '.h', '.def'))
    for path in files:
        faults += check_file(path)
    listed = set(re.findall(r"'((?:wire|sasl|session|client|server|sync)/\w+\.c)'", tree.read('lib/meson.build')))
    there = {path[4:] for path in files if path.endswith('.c') and not path.startswith('lib/mbedtls/')}
    faults += [f'lib/{path} is not in lib/meson.build' for path in sorted(there - listed)]
    faults += [f'lib/{path} is in lib/meson.build and not there' for path in sorted(listed - there)]
    tree.finish(faults, 'wire <- sasl <- client <- sync, wire <- sasl <- server, session below client and server; client and server never include each other, and only '
                'lib/mbedtls knows mbedTLS.')


main()
