#!/usr/bin/env python3
"""The pictures of the states in lib/README.md are those of states.def and login.def, of each role that has them.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: states.py [--update]
"""
import os
import re

import tree

README = 'lib/README.md'
HEAD = ['```mermaid\n', 'stateDiagram-v2\n']


def rows(path, macro):
    """The arguments of each row of a .def file. A comma within quotes does not part them."""
    text = tree.without_comments(tree.read(path))
    for body in re.findall(rf'^{macro}\(((?:[^()"]|"[^"]*")*)\)', text, flags=re.M):
        yield [cell.strip() for cell in re.findall(r'\s*("[^"]*"|[^,]+)(?:,|$)', body.replace('\n', ' '))]


def names(alternatives):
    return [name.strip() for name in alternatives.split('|')]


def label(text):
    """Words that Mermaid takes for words."""
    return text.strip('"').replace(':', ' -').replace(';', ',')


def states(role):
    """The states of a session, by the moves between them."""
    macro = f'EPOPI_{role.upper()}_'
    known = {row[0] for row in rows(f'lib/{role}/states.def', macro + 'STATE')}
    lines = list(HEAD)
    for _, before, after, when in rows(f'lib/{role}/states.def', macro + 'MOVE'):
        assert {after, *names(before)} <= known, f'lib/{role}/states.def: {before} or {after} is no state'
        lines += [f'    {name} --> {after}: {label(when)}\n' for name in names(before)]
    return ''.join(lines + ['```\n'])


def login():
    """The steps of a login: what is on the wire in each, and which come after which."""
    steps = list(rows('lib/client/login.def', 'EPOPI_CLIENT_LOGIN'))
    known = {step[0] for step in steps}
    ends = {row[0]: label(row[2]) for row in rows('lib/client/login.def', 'EPOPI_CLIENT_LOGIN_THEN')
            if row[2].startswith('"the end')}
    lines = HEAD + [f'    [*] --> {steps[0][0]}\n']
    lines += [f'    {step}: {step} ({command})\n' for step, command, *_ in steps if command not in ('LOGIN', step)]
    for step, _, _, positive, negative, after in steps:
        assert set(names(after)) <= known, f'lib/client/login.def: {after}'
        lines += [f'    {name} --> {step}\n' for name in names(after)]
        answers = {'any answer': positive} if positive == negative else {'+OK': positive, '-ERR': negative}
        lines += [f'    {step} --> [*]: {answer}, {ends[then]}\n' for answer, then in answers.items() if then in ends]
    return ''.join(lines + ['```\n'])


def main():
    made = {role: states(role) for role in ('client', 'server') if os.path.exists(tree.path('lib', role, 'states.def'))}
    made['login'] = login()
    faults = [f'{name}: next to nothing was read' for name, picture in made.items() if picture.count('-->') < 7]
    faults += tree.keep_current(README, 'states', made)
    tree.finish(faults, 'tests/laws/states.py --update')


main()
