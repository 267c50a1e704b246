#!/usr/bin/env python3
"""Every test that the tables of tests/README.md and the README name is there.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

A name is a trace (`MUSEUM-TLS-01`), tests of a file (`sasl/test_plain.c: described`), a test program
(`wire / dot`), or a file below tests/.
"""
import os
import re

import tree

ATTACKS_MIN = 20


def trace_ids():
    found = set()
    for here, _, names in os.walk(tree.path('tests', 'traces')):
        for name in names:
            if name.endswith('.md'):
                found |= set(re.findall(r'^## .* \{([^}]+)\}$', tree.read(here, name), flags=re.M))
    return found


def is_in_file(name, path):
    text = tree.read('tests', path)
    if path.endswith('.py'):
        return re.search(rf'^def {name}\(', text, flags=re.M)
    return re.search(rf'\bcmocka_unit_test\w*\({name}\b', text)


def missing(name, ids):
    """What a name in backquotes lacks; None where nothing."""
    inside = re.fullmatch(r'([\w/]+\.(?:c|py)): (.+)', name)
    program = re.fullmatch(r'(\w+) / (\w+)', name)
    if inside:
        path, tests = inside.group(1), inside.group(2).split(', ')
        if not os.path.exists(tree.path('tests', path)):
            return 'there is no such file'
        gone = [test for test in tests if not is_in_file(test, path)]
        return f'there is no {", ".join(gone)}' if gone else None
    if program:
        suite, subject = program.groups()
        path = f'laws/{subject}.py' if suite == 'laws' else f'{suite}/test_{subject}.c'
        path = f'../fuzz/{subject}.c' if subject.startswith('fuzz_') else path
        program = f"test('{subject}', " in tree.read('tests', suite, 'meson.build')
        return None if program or os.path.exists(tree.path('tests', path)) else f'there is no tests/{path}'
    if re.fullmatch(r'[A-Z0-9][A-Z0-9.]*(-[A-Z0-9.]+)+', name):
        return None if name in ids else 'there is no such trace'
    if re.fullmatch(r'[\w/-]+\.(?:md|py|c)', name) and '/' in name:
        return None if os.path.exists(tree.path('tests', name)) else 'there is no such file'
    return None


def rows(text, heading):
    """The rows of the table below a heading, a list of cells each."""
    section = text.split(f'\n## {heading}\n', 1)
    if len(section) < 2:
        return []
    lines = section[1].split('\n## ', 1)[0].splitlines()
    table = [line.strip('|').split('|') for line in lines if line.startswith('|')]
    return table[2:]


def check_table(text, heading, column, ids):
    for cells in rows(text, heading):
        names = [name for cell in cells[column:] for name in re.findall(r'`([^`]+)`', cell)]
        if not names:
            yield f'{heading}: "{cells[0].strip()}" names no test'
        for name in names:
            why = missing(name, ids)
            if why:
                yield f'{heading}: `{name}`: {why}'


def main():
    text, ids = tree.read('tests', 'README.md'), trace_ids()
    faults = list(check_table(text, 'Attacks', 1, ids))
    faults += check_table(text, 'Which test fails when a law is broken', 2, ids)
    if len(rows(text, 'Attacks')) < ATTACKS_MIN:
        faults.append(f'Attacks: fewer than {ATTACKS_MIN} rows')
    for link in re.findall(r'\]\((tests/[^)#]+)\)', tree.read('README.md')):
        if not os.path.exists(tree.path(link)):
            faults.append(f'README.md: there is no {link}')
    tree.finish(faults, 'Name the test that took the place of the one that is gone, or write one.')


main()
