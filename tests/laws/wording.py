#!/usr/bin/env python3
"""Headers, pages and texts of programs are free of phrases that a reader stumbles over.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import tree

EVERYWHERE = [r'\bcan not\b', r'\blest\b', r'\bbe it\b', r'\bbe they\b', r'\blast words\b', r'\bwithout a word\b',
              r'\bbeyond belief\b', r'\bin vain\b', r'\btaken at its word\b', r'\bthe house is\b']
HEADERS = [r'(?<!uint32_t )\bbehind\b', r'\bin good order\b', r'\bSay so\b', r'\bsmuggle\b',
           r'\bgood until\b', r'\bunder way\b', r'\bcomplete so that it can live\b']


def texts():
    """Path and text of what users read."""
    for folder, suffixes in (('include', ('.h', '.hpp')), ('examples', ('.md', '.c', '.h')), ('lib', ('.md', '.c', '.h', '.def')),
                             ('.github', ('.md', '.yml'))):
        for path in tree.c_files(folder, suffixes=suffixes):
            yield path, tree.read(path)
    yield 'README.md', tree.read('README.md')


def main():
    faults = []
    for path, text in texts():
        patterns = EVERYWHERE + (HEADERS if path.startswith('include/') else [])
        for number, line in enumerate(text.splitlines(), 1):
            faults += [f'{path}:{number}: {found.group(0)}' for pattern in patterns
                       for found in re.finditer(pattern, line, flags=re.I)]
    tree.finish(faults, 'Say it plainly: subject, verb, object; the term of the RFC; one fact a sentence.')


main()
