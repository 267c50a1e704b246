#!/usr/bin/env python3
"""commands.def has one row for every command of wire.h, made of words that it explains itself.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import tree

GRAMMARS = {'NONE', 'NUMBER', 'NUMBER_OPTIONAL', 'NUMBER_LINES', 'REST', 'WORD_OPTIONAL', 'WORD_WORD', 'WORDS_OPTIONAL'}
PHASES = {'AUTHORIZATION', 'TRANSACTION', 'BOTH'}
SHAPES = {'SINGLE', 'ROWS', 'BODY', 'SASL'}
FLAGS = {'ALONE', 'HARMLESS', 'READS', 'DECLARED', '0'}


def rows():
    text = tree.without_comments(tree.read('lib/wire/commands.def'))
    found = re.findall(r'EPOP_COMMAND\((.*?)\)$', text, flags=re.M)
    return [[cell.strip() for cell in row.split(',', 6)] for row in found]


def check_row(row):
    keyword, grammar, phases, shape, with_argument, flags, source = row
    if grammar not in GRAMMARS or phases not in PHASES or not {shape, with_argument} <= SHAPES:
        yield f'{keyword}: a word that is not explained: {grammar}, {phases}, {shape}, {with_argument}'
    if not {flag.strip() for flag in flags.split('|')} <= FLAGS:
        yield f'{keyword}: unknown flags {flags}'
    if not re.fullmatch(r'"RFC \d+.*"', source):
        yield f'{keyword}: no RFC in {source}'
    if len(keyword) > 4:
        yield f'{keyword}: longer than the four octets of RFC 2449 section 3'


def main():
    declared = re.findall(r'\bEPOP_CMD_(\w+) =', tree.without_comments(tree.read('include/epop/wire.h')))
    wanted = set(declared) - {'UNKNOWN', 'LOGIN'}
    there = [row[0] for row in rows()]
    faults = [f'{name} has no row in commands.def' for name in sorted(wanted - set(there))]
    faults += [f'{name} has a row, and no EPOP_CMD_ in wire.h' for name in sorted(set(there) - wanted)]
    faults += [f'{name} has {there.count(name)} rows' for name in sorted(set(there)) if there.count(name) > 1]
    for row in rows():
        faults += check_row(row)
    if len(wanted) < 19:
        faults.append(f'only {len(wanted)} commands found in wire.h')
    tree.finish(faults, 'A command is a row of lib/wire/commands.def and a value EPOP_CMD_ of include/epop/wire.h.')


main()
