#!/usr/bin/env python3
"""No function of lib/ takes more than 256 octets of stack on x86_64 with -Os, and none calls itself, directly or not.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

What is printed as the deepest chain leaves out the host's callbacks and the functions of string.h.
"""
import os
import re
import tempfile

import tree

LIMIT = 256

# Functions of the adapter that hold an operation of PSA's, whose size is mbedTLS's own affair and comes on top.
HOLDS = {'digest_parts': 'psa_hash_operation_t', 'sign_parts': 'psa_mac_operation_t'}


def sizes(compiler, types, folder):
    """Octets of types of PSA Crypto."""
    source = os.path.join(folder, 'sizes.c')
    with open(source, 'w', encoding='utf-8') as f:
        f.write('#include <psa/crypto.h>\n' + ''.join(f'char size_of_{name}[sizeof({name})];\n' for name in types))
    tree.run([compiler, '-c', source, '-o', source[:-2] + '.o'])
    symbols = tree.run(['nm', '-S', source[:-2] + '.o']).stdout
    return {name: int(size, 16) for size, name in re.findall(r'^\w+ (\w+) \w size_of_(\w+)$', symbols, re.M)}


def measure(compiler, folder):
    """Octets of each function, and whom it calls."""
    tree.compile_objects(compiler, ['-Os', '-fcallgraph-info=su'], tree.all_sources() + tree.adapter_sources(), folder)
    octets, calls = {}, {}
    for name in sorted(os.listdir(folder)):
        if name.endswith('.ci'):
            with open(os.path.join(folder, name), encoding='utf-8') as f:
                text = f.read()
            for title, size in re.findall(r'node: \{ title: "([^"]*)" label: "[^"]*?(\d+) bytes \(\w+[^)]*\)', text):
                octets[title] = max(octets.get(title, 0), int(size))
            for source, target in re.findall(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', text):
                calls.setdefault(source, set()).add(target)
    return octets, calls


def deepest(function, octets, calls, known, under_way):
    """The most octets from a function down, with the chain; None in place of the chain where it calls itself."""
    if function in under_way:
        return 0, None
    if function not in known:
        best = (0, [])
        for target in sorted(calls.get(function, ())):
            below = deepest(target, octets, calls, known, under_way | {function})
            if below[1] is None:
                return 0, None
            best = max(best, below, key=lambda pair: pair[0])
        known[function] = (best[0] + octets.get(function, 0), [function] + best[1])
    return known[function]


def main():
    gccs = [name for name in tree.compilers(('gcc', 'cc')) if 'Free Software' in tree.run([name, '--version']).stdout]
    compiler = gccs[0] if gccs else None
    if not compiler or 'x86_64' not in tree.run([compiler, '-dumpmachine']).stdout:
        tree.skip('no gcc for x86_64')
    with tempfile.TemporaryDirectory() as folder:
        octets, calls = measure(compiler, folder)
        of_psa = sizes(compiler, HOLDS.values(), folder)
    faults = [f'{name} takes {size} octets' for name, size in sorted(octets.items())
              if size > LIMIT + of_psa.get(HOLDS.get(name.split(':')[-1]), 0)]
    if len(octets) < 100:
        faults.append(f'only {len(octets)} functions measured')
    known = {}
    for function in sorted(octets):
        if deepest(function, octets, calls, known, frozenset())[1] is None:
            faults.append(f'{function} calls itself, directly or not')
    if not faults:
        largest = max(octets, key=octets.get)
        depth, chain = max(known.values(), key=lambda pair: pair[0])
        print(f'largest: {largest} with {octets[largest]} octets')
        print(f'deepest: {depth} octets: {" > ".join(name.split(":")[-1] for name in chain)}')
    tree.finish(faults, f'{LIMIT} octets is the limit: line buffers belong to the host, and loops stand in place of '
                'recursion.')


main()
