#!/usr/bin/env python3
"""The first C program of README.md is examples/hello/client.c, it compiles, and the reader meets it at once.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import re

import tree

LINES_MAX = 150
CODE_BEFORE = 40


def main():
    if not os.path.exists(tree.path('README.md')):
        tree.skip('there is no README.md')
    text = tree.read('README.md')
    block = re.search(r'^```c\n(.*?)^```$', text, flags=re.M | re.S)
    if not block:
        tree.skip('README.md has no ```c block')
    faults = []
    if len(text.splitlines()) >= LINES_MAX:
        faults.append(f'README.md has {len(text.splitlines())} lines, {LINES_MAX} is the limit')
    first = text[:block.start()].count('\n') + 2
    if first >= CODE_BEFORE:
        faults.append(f'README.md: the first code begins in line {first}, {CODE_BEFORE} is the limit')
    if block.group(1) != tree.read('examples/hello/client.c'):
        faults.append('README.md: the first ```c block is not examples/hello/client.c')
    done = tree.run(['cc', '-std=c99', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', f'-I{tree.path("include")}',
                     '-x', 'c', '-'], input=block.group(1))
    if done.returncode != 0:
        faults.append(f'README.md: the first ```c block does not compile:\n{done.stderr}')
    tree.finish(faults, 'Copy examples/hello/client.c into the block, whole, and keep what stands before it short.')


main()
