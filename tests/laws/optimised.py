#!/usr/bin/env python3
"""The library, its tests and the fuzz targets compile without a warning where gcc optimises most: it then looks farther,
and whoever packages the library builds so.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import concurrent.futures
import os
import re

import tree

# Those of meson.build, which the house builds with.
WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-qual', '-Wundef', '-Wstrict-prototypes',
            '-Wmissing-prototypes', '-Wwrite-strings', '-Wvla', '-Werror']


def complaint(source):
    """What the compiler has to say. A header that is not installed is no fault of the source."""
    done = tree.run(['gcc', '-std=c99', '-O3', *WARNINGS, '-DEPOP_BUILD', f'-I{tree.path("include")}',
                     f'-I{tree.path("lib")}', '-S', '-o', '/dev/null', tree.path(source)])
    missing = re.search(r'fatal error: .*: No such file', done.stderr)
    return f'{source}:\n{done.stderr}' if done.returncode != 0 and not missing else None


def main():
    if not any(name.endswith('gcc') for name in tree.compilers(('gcc',))):
        tree.skip('there is no gcc')
    sources = tree.all_sources() + [path for path in tree.c_files('tests', 'fuzz', suffixes=('.c',))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(complaint, sources) if fault]
    tree.finish(faults, 'Say what is meant; no warning is switched off.')


main()
