#!/usr/bin/env python3
"""Every public header compiles alone, as C and as C++, with all warnings as errors.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import tree

C_STANDARDS = ['c99', 'c11', 'c17']
CXX_STANDARDS = ['c++98', 'c++11', 'c++17']
LANGUAGES = [
    ('c', ['cc', 'gcc', 'clang', 'clang-14'], C_STANDARDS, ['-Wstrict-prototypes', '-Wmissing-prototypes']),
    ('c++', ['c++', 'g++', 'clang++', 'clang++-14'], CXX_STANDARDS, ['-Wold-style-cast', '-Wsign-conversion']),
]


def check(compiler, language, standard, more, header, macros):
    command = [compiler, '-x', language, f'-std={standard}', '-fsyntax-only', *tree.WARNINGS, *more, *macros,
               f'-I{tree.path("include")}', '-']
    text = f'#include <epop/{header}.h>\n#include <epop/{header}.h>\nextern int nothing;\n'
    done = tree.run(command, input=text)
    if done.returncode != 0:
        yield f'{compiler} -std={standard} {" ".join(macros)} epop/{header}.h:\n{done.stderr}'


def main():
    faults = []
    tried = 0
    for language, names, standards, more in LANGUAGES:
        for compiler in tree.compilers(names):
            for standard in standards:
                for header in tree.HEADERS:
                    for macros in ([], ['-DEPOP_STATIC'], ['-DEPOP_BUILD']):
                        tried += 1
                        faults += check(compiler, language, standard, more, header, macros)
    if tried == 0:
        faults.append('no compiler found')
    tree.finish(faults, 'A header includes what it needs, and keeps to what C99 and C++98 have in common.')


main()
