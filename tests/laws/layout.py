#!/usr/bin/env python3
"""The layout of the public structs and the values of the constants on x86_64 are those of tests/laws/layout.txt.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: layout.py [--update]
A session struct has 256 octets at most, so that thousands of them cost little beside the buffers of the host.
"""
import os
import re
import sys
import tempfile

import tree

SESSION_MAX = 256


def constants():
    """All enumerators, in the order of the headers."""
    return [name for body in re.findall(r'\benum \{(.*?)\}', tree.declarations(), flags=re.S)
            for name in re.findall(r'\b(EPOP_\w+)\s*(?==|,|$)', body)]


def program():
    lines = ['#include <epop/epop.h>', '#include <stdio.h>', 'int main(void) {']
    for name, members in tree.structs().items():
        lines.append(f'    printf("{name} %u\\n", (unsigned)sizeof({name}));')
        for member in members:
            lines.append(f'    printf("    {member} %u %u\\n", (unsigned)offsetof({name}, {member}), '
                         f'(unsigned)sizeof((({name} *)0)->{member}));')
    for name in constants():
        lines.append(f'    printf("{name} %lld\\n", (long long){name});')
    return '\n'.join(lines + ['    return 0;', '}', ''])


def measured():
    with tempfile.TemporaryDirectory() as folder:
        source, binary = os.path.join(folder, 'layout.c'), os.path.join(folder, 'layout')
        with open(source, 'w', encoding='utf-8') as f:
            f.write(program())
        done = tree.run(['cc', '-std=c99', f'-I{tree.path("include")}', source, '-o', binary])
        if done.returncode != 0:
            print(done.stderr)
            sys.exit(1)
        return tree.run([binary]).stdout


def is_x86_64():
    macros = tree.run(['cc', '-dM', '-E', '-x', 'c', '/dev/null']).stdout
    return '#define __x86_64__ ' in macros and '#define __LP64__ ' in macros


def main():
    if not is_x86_64():
        tree.skip('the compiler does not build for x86_64')
    got = measured()
    if sys.argv[1:] == ['--update']:
        with open(tree.path('tests/laws/layout.txt'), 'w', encoding='utf-8') as f:
            f.write(got)
        return
    want = tree.read('tests/laws/layout.txt')
    faults = [f'missing: {line}' for line in want.splitlines() if line not in got.splitlines()]
    faults += [f'new: {line}' for line in got.splitlines() if line not in want.splitlines()]
    if got != want and not faults:
        faults.append('the order is another one')
    for session in ('epop_client', 'epop_server'):
        size = int(re.search(rf'^{session} (\d+)$', got, flags=re.M).group(1))
        if size > SESSION_MAX:
            faults.append(f'{session} has {size} octets, {SESSION_MAX} is the limit')
    tree.finish(faults, 'Structs grow at their end only, and values never change. After a wanted change of the ABI: '
                'tests/laws/layout.py --update')


main()
