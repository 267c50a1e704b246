#!/usr/bin/env python3
"""A row of commands.def, with its number in wire.h, does not compile until the server has a handler for it.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import shutil
import tempfile

import tree

ROW = 'EPOP_COMMAND(XMUT, NONE, BOTH, SINGLE, SINGLE, ALONE, "RFC 1939 section 5")\n'
NUMBER = '    EPOP_CMD_XMUT = 63,\n'
BEFORE = '    EPOP_CMD_LOGIN = 64'


def compiles(folder):
    """What the compiler says of the server's handlers; empty where it is content."""
    include = [f'-I{os.path.join(folder, name)}' for name in ('include', 'lib')]
    source = os.path.join(folder, 'lib/server/command.c')
    return tree.run(['cc', '-std=c99', '-Werror=implicit-function-declaration', '-fsyntax-only', *include, source]).stderr


def change(path, before, after):
    with open(path, encoding='utf-8') as f:
        text = f.read()
    assert before in text, path
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text.replace(before, after, 1))


def main():
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ('include', 'lib'):
            shutil.copytree(tree.path(name), os.path.join(folder, name))
        if compiles(folder):
            faults.append('lib/server/command.c does not compile as it is')
        change(os.path.join(folder, 'include/epop/wire.h'), BEFORE, NUMBER + BEFORE)
        change(os.path.join(folder, 'lib/wire/commands.def'), 'EPOP_COMMAND(QUIT', ROW + 'EPOP_COMMAND(QUIT')
        if 'do_XMUT' not in compiles(folder):
            faults.append('a row without a handler compiles: what would the server do for it?')
    tree.finish(faults, 'The cases of lib/server/command.c are made from commands.def, one a row.')


main()
