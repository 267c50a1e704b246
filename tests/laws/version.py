#!/usr/bin/env python3
"""The version of the build is that of the headers, and shared libraries have the name of its ABI.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: version.py VERSION LIBRARY...
"""
import os
import re
import sys

import tree


def check_headers(version):
    text = tree.read('include/epop/version.h')
    name = re.search(r'#define EPOP_VERSION "([^"]*)"', text)
    number = re.search(r'#define EPOP_VERSION_NUMBER (0x[0-9a-fA-F]+)', text)
    if not name or name.group(1) != version:
        yield f'meson says {version}, EPOP_VERSION is {name.group(1) if name else "not there"}'
    parts = [int(part) for part in version.split('.')]
    expected = parts[0] << 16 | parts[1] << 8 | parts[2]
    if not number or int(number.group(1), 16) != expected:
        yield f'EPOP_VERSION_NUMBER is {number.group(1) if number else "not there"}, expected {expected:#08x}'


def check_library(version, library):
    """The rule of version.h: a program that was built for another ABI must not find this library."""
    major, minor, _ = version.split('.')
    expected = f'{os.path.basename(library).split(".so")[0]}.so.{f"0.{minor}" if major == "0" else major}'
    found = re.search(r'\(SONAME\).*\[(.*)\]', tree.run(['readelf', '-d', library]).stdout)
    if not found or found.group(1) != expected:
        yield f'the SONAME of {library} is {found.group(1) if found else "not there"}, expected {expected}'


def main():
    faults = list(check_headers(sys.argv[1]))
    for library in sys.argv[2:]:
        faults += check_library(sys.argv[1], library)
    tree.finish(faults, 'Change project(version:) in meson.build and both macros of include/epop/version.h together: below '
                '1.0 the second number with every change of the ABI. lib/meson.build makes the SONAME of it.')


main()
