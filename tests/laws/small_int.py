#!/usr/bin/env python3
"""The headers and lib/ are standard C also where int has 16 bits: no enumerator is larger than that.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import shutil

import tree


def main():
    if not shutil.which('avr-gcc'):
        tree.skip('no avr-gcc')
    faults = []
    command = ['avr-gcc', '-mmcu=atmega2560', '-std=c99', '-pedantic-errors', '-DEPOP_BUILD', f'-I{tree.path("include")}',
               f'-I{tree.path("lib")}', '-fsyntax-only']
    for source in tree.all_sources():
        done = tree.run([*command, tree.path(source)])
        if done.returncode != 0:
            faults.append(f'{source}:\n{done.stderr}')
    tree.finish(faults, 'A constant that needs more than 15 bits is a macro, with a suffix u.')


main()
