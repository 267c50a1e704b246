#!/usr/bin/env python3
"""Members with p_ in front are touched by the room of lib/ whose header has their struct, and by nobody else: not by
other rooms, nor by examples and tests (but for those in INSIDE). The parts of which the two sessions are made are open to both.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import tree

ROOM_OF = {'base': 'wire', 'wire': 'wire', 'sasl': 'sasl', 'client': 'client', 'server': 'server', 'sync': 'sync',
           'mbedtls': 'mbedtls'}
# Structs that are members of a session, or lent to one: the room that makes them, and the sessions.
PARTS = {'epop_session', 'epop_line', 'epop_outbox', 'epop_dot_decoder', 'epop_dot_encoder', 'epop_top', 'epop_sasl'}
SESSIONS = {'session', 'client', 'server'}
# Tests of decisions that no call reaches alone, each with the room it looks into.
INSIDE = {'tests/sync/test_marks.c': 'sync'}


def structs():
    """Of each room the structs of its public header: their private members, and the type of each."""
    found = {room: {} for room in ROOM_OF.values()}
    for header, room in ROOM_OF.items():
        text = tree.without_comments(tree.read('include', 'epop', header + '.h'))
        for name, body in re.findall(r'typedef struct (epop_\w+) \{(.*?)\} \1;', text, flags=re.S):
            found[room][name] = {member: kind for kind, member in re.findall(r'(\w+) \**(p_\w+)(?:\[[^]]*\])?;', body)}
    return found


def is_open(kind, home, room):
    return home == room or (kind in PARTS and room in SESSIONS)


def faults_of(path, room, found):
    kinds = [(kind, home, members) for home, room_kinds in found.items() for kind, members in room_kinds.items()]
    mine = {member: of for kind, home, members in kinds if is_open(kind, home, room) for member, of in members.items()}
    closed = {kind for kind, home, _ in kinds if not is_open(kind, home, room)}
    private = {member for _, _, members in kinds for member in members}
    for number, line in enumerate(tree.without_comments(tree.read(path)).splitlines(), 1):
        for member in re.findall(r'(?:->|\.)(p_\w+)', line):
            if member in private and member not in mine:
                yield f'{path}:{number}: {member} is private to another room'
        for first, second in re.findall(r'(?:->|\.)(p_\w+)(?=(?:->|\.)(p_\w+))', line):
            if mine.get(first) in closed:
                yield f'{path}:{number}: {first} is a struct of another room, {second} is private to it'


def main():
    found = structs()
    faults = [] if sum(len(kinds) for kinds in found.values()) > 10 else ['no structs were found']
    for path in tree.c_files('lib', 'examples', 'tests', 'fuzz'):
        parts = path.split('/')
        faults += faults_of(path, parts[1] if parts[0] == 'lib' else INSIDE.get(path), found)
    tree.finish(faults, 'Call a function of the room: a public one, or one of its own headers below lib/.')


main()
