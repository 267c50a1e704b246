#!/usr/bin/env python3
"""A row of commands.def, with its number in wire.h, does not compile until the server has a handler for it, and the client
a row of responses.def.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import shutil
import tempfile

import tree

ROW = 'EPOP_COMMAND(XMUT, NONE, BOTH, SINGLE, SINGLE, ALONE, "RFC 1939 section 5")\n'
NUMBER = '    EPOP_CMD_XMUT = 63,\n'
BEFORE = '    EPOP_CMD_LOGIN = 64'
# What is made from commands.def, and what each asks for.
MADE = {'lib/server/command.c': 'do_XMUT', 'lib/client/rules.c': 'EPOPI_CLIENT_ROW_OF_XMUT'}


def compiles(folder, source):
    """What the compiler says of a file; empty where it is content."""
    include = [f'-I{os.path.join(folder, name)}' for name in ('include', 'lib')]
    return tree.run(['cc', '-std=c99', '-Werror=implicit-function-declaration', '-fsyntax-only', *include,
                     os.path.join(folder, source)]).stderr


def change(path, before, after):
    with open(path, encoding='utf-8') as f:
        text = f.read()
    assert before in text, path
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text.replace(before, after, 1))


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name in ('include', 'lib'):
            shutil.copytree(tree.path(name), os.path.join(folder, name))
        faults = [f'{source} does not compile as it is' for source in MADE if compiles(folder, source)]
        change(os.path.join(folder, 'include/epop/wire.h'), BEFORE, NUMBER + BEFORE)
        change(os.path.join(folder, 'lib/wire/commands.def'), 'EPOP_COMMAND(QUIT', ROW + 'EPOP_COMMAND(QUIT')
        faults += [f'{source} compiles for a row that it has nothing for' for source, wanted in MADE.items()
                   if wanted not in compiles(folder, source)]
    tree.finish(faults, 'The cases of the server and the table of the client are made from commands.def, one a row.')


main()
