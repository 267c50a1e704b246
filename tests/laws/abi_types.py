#!/usr/bin/env python3
"""Rules 8 to 10 of the ABI: what a binding in another language cannot follow is not in the public headers.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import tree

FORBIDDEN = {
    r'\.\.\.': 'a variable number of arguments',
    r'\bva_list\b': 'va_list',
    r'\b(_Bool|bool)\b': 'bool',
    r'\b(long|short|int|unsigned|signed|float|double)\b': 'a type whose width differs from machine to machine',
    r'\bssize_t\b': 'ssize_t',
    r'\bunion\b': 'a union',
    r'\benum\s+\w+': 'a named enum: fields and arguments are uint32_t',
    r'\w\s*:\s*\d+\s*;': 'a bit-field',
    r'\b(inline|static)\b': 'an inline or static function',
    r'\[\s*\]': 'an array without a size',
}
# Function-like macros cannot be called from elsewhere; a list of rows is none that anybody has to call.
MACROS_ALLOWED = {'EPOP_ERROR_LIST', 'EPOP_ERROR_ENUM'}
# These are no structs that the host fills or reads member by member: a view, and state.
UNSIZED = {'epop_span', 'epop_size'}
CALLBACKS_MAX = 8


def check_tokens():
    for number, line in enumerate(tree.declarations().splitlines(), 1):
        for pattern, what in FORBIDDEN.items():
            if re.search(pattern, re.sub(r'"[^"]*"|__attribute__\(\(.*?\)\)', '', line)):
                yield f'{what}: {line.strip()} (line {number} of the preprocessed headers)'


def check_macros():
    for header in tree.HEADERS:
        text = tree.without_comments(tree.read('include/epop', header + '.h'))
        for name in re.findall(r'^#define (\w+)\(', text, flags=re.M):
            if name not in MACROS_ALLOWED:
                yield f'epop/{header}.h: {name} is a function-like macro'


def check_structs():
    structs = tree.structs()
    if len(structs) < 20:
        yield f'only {len(structs)} structs found in the headers'
    for name, members in structs.items():
        private = all(member.startswith('p_') for member in members)
        if not private and name not in UNSIZED and members[0] != 'struct_size':
            yield f'{name} does not begin with struct_size'
        if name.endswith('_event') and members[1] != 'kind':
            yield f'{name}: the second member is not kind'
        if name.endswith('_callbacks') and len(members) - 2 > CALLBACKS_MAX:
            yield f'{name} has {len(members) - 2} callbacks, {CALLBACKS_MAX} is the limit'


def main():
    faults = list(check_tokens()) + list(check_macros()) + list(check_structs())
    tree.finish(faults, 'Only functions, int32_t uint32_t uint64_t uint16_t uint8_t size_t uintptr_t char, pointers, '
                'and flat structs that begin with struct_size.')


main()
