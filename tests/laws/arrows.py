#!/usr/bin/env python3
"""Arrows in lib/ run one way: between the rooms, between the files of a room; the pictures in lib/README.md show them.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: arrows.py [--update]
An arrow between files is a name that one object needs and another one defines, as nm tells; an arrow between rooms is
that, or an include. A circle of files is a fault, and so is an arrow to a room that is not below. --update makes the
pictures.
"""
import os
import re
import tempfile

import tree

# The rooms from the bottom up, each with those that it may call and include beside itself.
BELOW = {
    'wire': (),
    'sasl': ('wire',),
    'session': ('wire',),
    'client': ('wire', 'sasl', 'session'),
    'server': ('wire', 'sasl', 'session'),
    'sync': ('wire', 'client'),
    'mbedtls': ('wire',),
}
# Rooms whose files still form a circle.
PENDING = ()

# Public headers that a room may include, beside base.h, its own, and those of the rooms below.
MORE_HEADERS = {'wire': ('version',), 'mbedtls': ('sasl',)}
SYSTEM = {'string.h', 'stddef.h', 'stdint.h', 'limits.h'}
README = 'lib/README.md'


def rooms():
    return [room for room in BELOW if os.path.isdir(tree.path('lib', room))]


def room_of(path):
    return path.split('/')[1]


def check_order():
    for place, (room, below) in enumerate(BELOW.items()):
        for other in below:
            if other not in list(BELOW)[:place]:
                yield f'{room} cannot stand above {other}, which comes later in BELOW'
    for room in sorted(os.listdir(tree.path('lib'))):
        if os.path.isdir(tree.path('lib', room)) and room not in BELOW:
            yield f'lib/{room} has no place in BELOW'


# ---- What is included, and what is listed ----

def check_includes(path):
    room = room_of(path)
    near = {room, *BELOW[room]}
    for quote, name in re.findall(r'^\s*#\s*include ([<"])([^>"]*)[>"]', tree.read(path), flags=re.M):
        if name.startswith('epop/'):
            fine = name[5:-2] in {'base', *near, *MORE_HEADERS.get(room, ())}
        elif quote == '<':
            fine = name in SYSTEM or (room == 'mbedtls' and name.startswith(('mbedtls/', 'psa/')))
        else:
            fine = name.split('/')[0] in near
        if not fine:
            yield f'{path} may not include {name}'


def check_list(files):
    core = '|'.join(room for room in BELOW if room != 'mbedtls')
    listed = set(re.findall(rf"'((?:{core})/\w+\.c)'", tree.read('lib/meson.build')))
    there = {path[4:] for path in files if path.endswith('.c') and not path.startswith('lib/mbedtls/')}
    for path in sorted(there - listed):
        yield f'lib/{path} is not in lib/meson.build'
    for path in sorted(listed - there):
        yield f'lib/{path} is in lib/meson.build and not there'


# ---- What is called ----

def measure():
    """The arrows: for each file those whose names it needs. Every file that can be compiled here has an entry."""
    with tempfile.TemporaryDirectory() as folder:
        objects = tree.compile_objects(tree.compilers()[0], ['-O0'], tree.all_sources() + tree.adapter_sources(), folder)
        defined, needed = {}, {}
        for source, target in objects.items():
            symbols = re.findall(r'(\w) (\w+)$', tree.run(['nm', '-g', target]).stdout, flags=re.M)
            needed[source] = {name for kind, name in symbols if kind == 'U'}
            for name in {name for kind, name in symbols if kind != 'U'}:
                defined.setdefault(name, set()).add(source)
    return {source: set().union(*(defined.get(name, set()) for name in names)) - {source}
            for source, names in needed.items()}


def within(arrows, room):
    """The arrows between the files of a room."""
    return {source: {target for target in targets if room_of(target) == room}
            for source, targets in arrows.items() if room_of(source) == room}


def reach(arrows, start):
    """What can be reached from a file, itself only on a circle."""
    found, todo = set(), list(arrows[start])
    while todo:
        here = todo.pop()
        if here not in found:
            found.add(here)
            todo += arrows[here]
    return found


def circles(arrows):
    """Each a list of files that reach one another."""
    reached = {source: reach(arrows, source) for source in arrows}
    return sorted({tuple(sorted(other for other in reached[source] if source in reached[other]))
                   for source in arrows if source in reached[source]})


def check_arrows(arrows):
    for source, targets in sorted(arrows.items()):
        for target in sorted(targets):
            if room_of(target) not in (room_of(source), *BELOW[room_of(source)]):
                yield f'{source} calls {target}, which is not below'
    for room in rooms():
        found = circles(within(arrows, room))
        if room in PENDING and not found:
            yield f'{room} has no circle any more: take it out of PENDING'
        elif room not in PENDING:
            yield from (f'a circle: {", ".join(circle)}' for circle in found)


# ---- The pictures ----

def reduced(arrows):
    """Without the arrows that follow from two others."""
    if circles(arrows):
        return arrows
    return {source: {target for target in targets
                     if not any(target in reach(arrows, other) for other in targets)}
            for source, targets in arrows.items()}


def draw(arrows):
    lines = ['```mermaid\n', 'flowchart TD\n']
    for source in sorted(arrows):
        name = source.split('/')[-1]
        lines.append(f'    {name.replace(".", "_")}["{name}"]\n')
    for source in sorted(arrows):
        for target in sorted(reduced(arrows)[source]):
            lines.append(f'    {source.split("/")[-1].replace(".", "_")} --> {target.split("/")[-1].replace(".", "_")}\n')
    return ''.join(lines + ['```\n'])


def between_rooms(arrows):
    found = {room: set() for room in rooms()}
    for source, targets in arrows.items():
        found[room_of(source)] |= {room_of(target) for target in targets} - {room_of(source)}
    return found


def pictures(arrows):
    """The text of each picture, by its name. That of mbedtls is made where mbedTLS is."""
    made = {room: draw(within(arrows, room)) for room in rooms() if within(arrows, room)}
    if 'mbedtls' in made:
        made['rooms'] = draw(between_rooms(arrows))
    return made


def main():
    files = tree.c_files('lib', suffixes=('.c', '.h', '.def'))
    faults = list(check_order())
    for path in files:
        faults += check_includes(path)
    faults += check_list(files)
    arrows = measure()
    faults += check_arrows(arrows)
    faults += tree.keep_current(README, 'arrows', pictures(arrows))
    if sum(len(targets) for targets in arrows.values()) < 100:
        faults.append('nm has shown next to nothing')
    tree.finish(faults, 'Rooms call only what is below them (BELOW), and files of a room form no circle: a decision sets state and '
                'returns, and the driver acts.')


main()
