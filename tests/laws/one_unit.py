#!/usr/bin/env python3
"""All of lib/ is one valid translation unit: no name of one file means something else in another.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

Every option set, with each compiler that is there.
"""
import os
import tempfile

import tree

# Rooms whose names still meet those of others; they are left out.
PENDING = ()
FLAGS = ['-std=c99', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-DEPOP_BUILD', f'-I{tree.path("include")}',
         f'-I{tree.path("lib")}']


def check(compiler, name, rooms, macros, adapter, folder):
    unit = os.path.join(folder, 'unit.c')
    files = tree.sources([room for room in rooms if room not in PENDING]) + adapter
    with open(unit, 'w', encoding='utf-8') as f:
        f.writelines(f'#include "{tree.path(path)}"\n' for path in files)
    done = tree.run([compiler, *FLAGS, *macros, unit])
    if done.returncode != 0:
        yield f'{compiler}, {name}, {len(files)} files:\n{done.stderr}'


def main():
    faults = []
    adapter = tree.adapter_sources()
    with tempfile.TemporaryDirectory() as folder:
        for compiler in tree.compilers():
            for name, (rooms, macros) in tree.OPTION_SETS.items():
                faults += check(compiler, name, rooms, macros, adapter if name == 'all' else [], folder)
    tree.finish(faults, 'A static function, enumerator or macro begins with what its file is about; an X-macro ends with its #undef.')


main()
