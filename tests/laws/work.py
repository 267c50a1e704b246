#!/usr/bin/env python3
"""What an octet costs depends neither on how large the chunk is that it came in, nor much on which octet it is: nobody
keeps a machine busy by sending what is dear to read. In instructions, which callgrind counts.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import re
import shutil
import subprocess
import tempfile

import tree

DEARER = 3  # than the letter A, at the same chunk size
GROWTH = 1.1  # from one chunk size to a larger one; a search from each octet on would multiply it
LONGEST = 240  # seconds
START = 20000  # instructions that a case may have at its beginning and end: the reply to a line, a session that ends

REMEDY = 'Look at each octet once, from left to right.'

# What is work of its own: line ends where many are taken, a bare CR that is made one, and a token that goes to the host.
APART = {('client:body', 'LF'), ('line', 'LF'), ('dot', 'LF'), ('stuff', 'LF'), ('stuff-little', 'LF'), ('stuff', 'CR'),
         ('stuff-little', 'CR'), ('server:token', 'V')}


def build(folder):
    """The driver, from the sources of the library."""
    compiler = tree.compilers(('gcc', 'cc', 'clang-14', 'clang'))[0]
    plain = ['-O1', '-g0', '-fno-builtin']
    objects = list(tree.compile_objects(compiler, plain, tree.sources(), folder).values())
    driver = os.path.join(folder, 'feed')
    done = tree.run([compiler, '-std=c99', *plain, f'-I{tree.path("include")}', tree.path('tests', 'work', 'feed.c'),
                     tree.path('tests', 'work', 'memory.c'), *objects, '-o', driver])
    if done.returncode != 0:
        if 'valgrind/callgrind.h' in done.stderr:
            tree.skip('no header valgrind/callgrind.h')
        tree.finish([done.stderr], 'The driver does not build.')
    return driver


def count(driver, folder):
    """{case: {letter: {chunk size: (instructions, octets)}}}"""
    try:
        done = tree.run(['valgrind', '--tool=callgrind', f'--callgrind-out-file={folder}/count', driver], timeout=LONGEST)
    except subprocess.TimeoutExpired:  # work that grows with the square: what was counted until then tells where
        done = None
    if done and done.returncode != 0:
        tree.finish([done.stdout + done.stderr], 'The driver does not run.')
    costs = {}
    for name in os.listdir(folder):
        if not name.startswith('count.'):
            continue
        with open(os.path.join(folder, name), encoding='ascii') as f:
            text = f.read()
        words = re.search(r'^desc: Trigger: Client Request: (\S+) (\S+) (\d+) (\d+)$', text, re.M)
        if words:
            case, letter, chunk, octets = words.groups()
            total = int(re.search(r'^(?:summary|totals): (\d+)', text, re.M).group(1))
            costs.setdefault(case, {}).setdefault(letter, {})[int(chunk)] = (total, int(octets))
    return costs, done is not None


def faults_of(case, letter, by_chunk, of_a):
    sizes = sorted(by_chunk)
    per_octet = {size: by_chunk[size][0] / by_chunk[size][1] for size in sizes}
    start = {size: START / by_chunk[size][1] for size in sizes}
    for small, large in zip(sizes, sizes[1:]):
        if per_octet[large] > GROWTH * per_octet[small] + start[small]:
            yield (f'{case}, {letter}: {per_octet[small]:.1f} instructions an octet in chunks of {small}, '
                   f'{per_octet[large]:.1f} in chunks of {large}')
    for size in sizes:
        a = of_a[size][0] / of_a[size][1]
        if (case, letter) not in APART and per_octet[size] > DEARER * a + start[size]:
            yield f'{case}, {letter}, in chunks of {size}: {per_octet[size]:.1f} instructions an octet, A has {a:.1f}'


def judge(costs):
    for case, by_letter in sorted(costs.items()):
        for letter, by_chunk in sorted(by_letter.items()):
            yield from faults_of(case, letter, by_chunk, by_letter['A'])


def main():
    if not shutil.which('valgrind'):
        tree.skip('no valgrind')
    with tempfile.TemporaryDirectory() as folder:
        costs, whole = count(build(folder), folder)
    if not whole:
        tree.finish([*judge(costs), f'not at its end after {LONGEST} s'], REMEDY)
    if not costs or any(len(sizes) != 3 for letters in costs.values() for sizes in letters.values()):
        tree.finish([f'{len(costs)} cases, not all of them whole'], 'callgrind does not say what was counted.')
    tree.finish(list(judge(costs)), REMEDY)


main()
