#!/usr/bin/env python3
"""lib/ compiles without a warning, by every compiler at hand.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import tree

MORE = ['-Wstrict-prototypes', '-Wmissing-prototypes', '-Wwrite-strings', '-Wvla', '-Wsign-conversion', '-Wswitch-enum',
        '-Wdouble-promotion', '-Wformat=2', '-Wnull-dereference', '-Wdeclaration-after-statement']


# Standards and options, each with its neighbours at least once.
BUILDS = [('c99', []), ('c99', ['-DEPOP_NO_STRERROR', '-DEPOP_NO_TRACE']), ('c17', [])]


def main():
    faults = []
    sources = tree.all_sources() + tree.adapter_sources()
    for compiler in tree.compilers():
        for standard, macros in BUILDS:
            command = [compiler, f'-std={standard}', '-O2', *tree.WARNINGS, *MORE, '-DEPOP_BUILD', *macros,
                       f'-I{tree.path("include")}', f'-I{tree.path("lib")}', '-S', '-o', '/dev/null']
            for source in sources:
                done = tree.run([*command, tree.path(source)])
                if done.returncode != 0:
                    faults.append(f'{compiler} -std={standard} {" ".join(macros)} {source}:\n{done.stderr}')
    tree.finish(faults, 'Say what is meant, with a cast where a value is known to fit; no warning is switched off.')


main()
