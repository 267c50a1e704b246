#!/usr/bin/env python3
"""epop/epop.hpp compiles alone as C++17 and newer with all warnings as errors, and its test runs.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import tempfile

import tree

COMPILERS = ['c++', 'g++', 'clang++', 'clang++-14']
STANDARDS = ['c++17', 'c++20']
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wold-style-cast', '-Werror']


def main():
    compilers = tree.compilers(COMPILERS)
    if not compilers:
        tree.skip('no C++ compiler')
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        made = tree.compile_objects(tree.compilers()[0], ['-O1'], tree.sources(), folder)
        for compiler in compilers:
            for standard in STANDARDS:
                program = os.path.join(folder, 'program')
                done = tree.run([compiler, f'-std={standard}', *WARNINGS, f'-I{tree.path("include")}', '-o', program,
                                 tree.path('tests', 'cplusplus', 'test_epop.cpp'), *made.values()])
                if done.returncode == 0:
                    done = tree.run([program])
                if done.returncode != 0:
                    faults.append(f'{compiler} -std={standard}:\n{done.stderr}')
    tree.finish(faults, 'The C++ form is a header over the C API: nothing of it may throw through C.')


main()
