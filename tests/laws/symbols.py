#!/usr/bin/env python3
"""The shared library exports the functions of the public headers, and nothing else: tests/laws/symbols.txt.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: symbols.py LIBRARY, or symbols.py --update
"""
import sys

import tree


def exported(library):
    rows = [line.split() for line in tree.run(['nm', '-D', '--defined-only', library]).stdout.splitlines()]
    # Names with two underscores belong to the compiler: sanitizers and coverage add some.
    return {row[-1] for row in rows if row[-2] in 'TDBRVW' and not row[-1].startswith('__')}


def compare(left, left_name, right, right_name):
    return [f'{name} is in {left_name} and not in {right_name}' for name in sorted(left - right)] + \
           [f'{name} is in {right_name} and not in {left_name}' for name in sorted(right - left)]


def main():
    headers = set(tree.public_functions())
    if sys.argv[1:] == ['--update']:
        with open(tree.path('tests/laws/symbols.txt'), 'w', encoding='utf-8') as f:
            f.writelines(name + '\n' for name in sorted(headers))
        return
    tracked = set(tree.read('tests/laws/symbols.txt').split())
    library = exported(sys.argv[1])
    faults = compare(tracked, 'symbols.txt', headers, 'the headers')
    if not library:
        faults.append(f'{sys.argv[1]} exports nothing; does nm work?')
    if 'epop_client_init' in library and 'epop_server_init' in library:
        faults += compare(tracked, 'symbols.txt', library, 'the library')
    else:
        faults += [f'{name} is exported and not in symbols.txt' for name in sorted(library - tracked)]
    tree.finish(faults, 'A function of the headers needs EPOP_API and a definition; any other must be hidden (epopi_). '
                'After a wanted change of the ABI: tests/laws/symbols.py --update')


main()
