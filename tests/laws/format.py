#!/usr/bin/env python3
"""All C and C++ is laid out as .clang-format says.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: format.py, or format.py --update
"""
import shutil
import sys

import tree

FOLDERS = ('include', 'lib', 'examples', 'tests', 'fuzz')
VERSION = '14'  # each version lays out some things in its own way


def formatter():
    for name in (f'clang-format-{VERSION}', 'clang-format'):
        if shutil.which(name) and f'version {VERSION}.' in tree.run([name, '--version']).stdout:
            return name
    return tree.skip(f'no clang-format {VERSION}')


def main():
    program = formatter()
    files = [tree.path(name) for name in tree.c_files(*FOLDERS, suffixes=('.c', '.h', '.cpp', '.hpp'))]
    if sys.argv[1:] == ['--update']:
        tree.run([program, '-i', *files])
    done = tree.run([program, '--dry-run', '-Werror', *files])
    faults = sorted({line.split(':')[0] for line in done.stderr.splitlines() if ': error:' in line})
    tree.finish(faults, 'tests/laws/format.py --update lays them out.')


main()
