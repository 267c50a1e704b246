#!/usr/bin/env python3
"""Limits of size and form for all C sources: files of 600 lines, functions of 60, names that say something.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import re

import tree

FILE_MAX = 600
FUNCTION_MAX = 60


def functions(lines):
    """(name, first line, number of lines) of every function: "{" and "}" stand in column 0, its head right above."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == '{':
            start = number
        elif line == '}' and start:
            head = start - 1
            while head > 1 and lines[head - 1][:1] in (' ', '\t', ')'):
                head -= 1
            name = re.search(r'(\w+)\s*\(', lines[head - 1])
            yield (name.group(1) if name else '?'), head, number - head + 1
            start = None


def check_file(path):
    text = tree.read(path)
    lines = text.splitlines()
    stem = os.path.splitext(os.path.basename(path))[0]
    if re.search(r'(^|_)(util|utils|common|misc|helpers?)($|_)', stem):
        yield f'{path}: the name says nothing'
    if len(lines) > FILE_MAX:
        yield f'{path}: {len(lines)} lines'
    for number, line in enumerate(lines, 1):
        if '\t' in line or line != line.rstrip():
            yield f'{path}:{number}: a tab, or a blank at the end'
        if re.search(r'\b(TODO|FIXME|XXX)\b', line):
            yield f'{path}:{number}: {line.strip()}'
    for name, number, count in functions(lines):
        if count > FUNCTION_MAX:
            yield f'{path}:{number}: {name} has {count} lines'
    # hello is meant to be copied out of its file, into the README and elsewhere.
    needs_licence = not path.endswith('.def') and '/hello/' not in path
    if needs_licence and 'SPDX-License-Identifier: MIT' not in '\n'.join(lines[:12]):
        yield f'{path}: no licence line at its head'


def main():
    faults = []
    paths = tree.c_files('include', 'lib', 'examples', 'tests', 'fuzz', suffixes=('.c', '.h', '.def'))
    for path in paths:
        faults += check_file(path)
    if len(paths) < 50:
        faults.append(f'only {len(paths)} files found')
    tree.finish(faults, f'Files have {FILE_MAX} lines at most, functions {FUNCTION_MAX}; a name says what the '
                'file is about.')


main()
