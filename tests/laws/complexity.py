#!/usr/bin/env python3
"""No function of lib/ has a McCabe complexity above 10. Needs pmccabe.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import shutil

import tree

LIMIT = 10


def main():
    if not shutil.which('pmccabe'):
        tree.skip('pmccabe is not installed')
    done = tree.run(['pmccabe', *[tree.path(path) for path in tree.all_sources() + tree.sources(('mbedtls',))]])
    faults = []
    counted = 0
    for line in done.stdout.splitlines():
        words = line.split()
        counted += 1
        # The first number counts a switch as one decision, the second each of its cases.
        if int(words[0]) > LIMIT:
            faults.append(f'{words[5]} {words[6]}: {words[0]}')
    if counted < 100:
        faults.append(f'only {counted} functions measured: {done.stderr}')
    tree.finish(faults, f'{LIMIT} is the limit: make a function of the part that has a name, or a table of the cases.')


main()
