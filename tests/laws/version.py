#!/usr/bin/env python3
"""The version of the build is that of the headers.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: version.py VERSION
"""
import re
import sys

import tree


def main():
    text = tree.read('include/epop/version.h')
    name = re.search(r'#define EPOP_VERSION "([^"]*)"', text)
    number = re.search(r'#define EPOP_VERSION_NUMBER (0x[0-9a-fA-F]+)', text)
    faults = []
    if not name or name.group(1) != sys.argv[1]:
        faults.append(f'meson says {sys.argv[1]}, EPOP_VERSION is {name.group(1) if name else "not there"}')
    parts = [int(part) for part in sys.argv[1].split('.')]
    expected = parts[0] << 16 | parts[1] << 8 | parts[2]
    if not number or int(number.group(1), 16) != expected:
        faults.append(f'EPOP_VERSION_NUMBER is {number.group(1) if number else "not there"}, expected {expected:#08x}')
    tree.finish(faults, 'Change project(version:) in meson.build and both macros of include/epop/version.h together.')


main()
