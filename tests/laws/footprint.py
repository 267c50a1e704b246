#!/usr/bin/env python3
"""The footprint table of README.md is what the compiler says: flash and RAM on a Cortex-M0+ with -Os.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

usage: footprint.py [--update]
Flash is what the linker keeps (--gc-sections) of lib/ for a program that calls every function of a header: wire.h,
client.h, sync.h, server.h; with SASL also epop_sasl_init and the mechanisms. The least client logs in, counts, fetches,
deletes and quits, and is built without texts and traces. The five functions of string.h are the host's.
The compiler's version is in the README: another one may differ by TOLERANCE. With CI=true there must be a compiler.
"""
import os
import re
import sys
import tempfile

import tree

COMPILER = 'arm-none-eabi-gcc'
FLAGS = ['-Os', '-mcpu=cortex-m0plus', '-mthumb', '-ffreestanding', '-ffunction-sections', '-fdata-sections']
TOLERANCE = 0.05
LEAST = 'least client'
# What a mail checker on a chip calls, in the least configuration.
LEAST_FUNCTIONS = [f'epop_client_{name}' for name in ('init', 'wants', 'feed', 'eof', 'timeout', 'output', 'output_ack',
                                                      'login', 'answer', 'stat', 'retr', 'dele', 'quit')]
LEAST_MACROS = ['-DEPOP_NO_STRERROR', '-DEPOP_NO_TRACE']
ROWS = {LEAST: ['client'], 'wire': ['wire'], 'client': ['client'], 'client and sync': ['client', 'sync'], 'server': ['server']}
BEGIN, END = '<!-- footprint: made by tests/laws/footprint.py --update -->\n', '<!-- /footprint -->\n'


def functions(header):
    """Those that a header of include/epop declares."""
    text = tree.without_comments(tree.read('include', 'epop', header + '.h'))
    return re.findall(r'^EPOP_API [^;(]*?\b(epop_\w+)\(', text, flags=re.M)


def mechanisms():
    found = re.findall(r'^EPOP_API int32_t (epop_sasl_\w+)\(struct epop_sasl_step \*step\);',
                       tree.read('include', 'epop', 'sasl.h'), flags=re.M)
    if 'epop_sasl_plain' not in found or len(found) < 10:
        sys.exit('the mechanisms are not found in sasl.h')
    return found


def run(command):
    done = tree.run(command)
    if done.returncode != 0:
        print(f'{" ".join(command)}\n{done.stderr}')
        sys.exit(1)
    return done.stdout


def linked(objects, roots, folder):
    """Octets of flash of what is reachable from some functions."""
    target = os.path.join(folder, 'linked')
    run([COMPILER, *FLAGS, '-nostdlib', '-Wl,--gc-sections', '-Wl,--unresolved-symbols=ignore-all', '-Wl,-e,0',
         *[f'-Wl,-u,{name}' for name in roots], *objects, '-lgcc', '-o', target])
    return int(run([COMPILER.replace('gcc', 'size'), target]).splitlines()[1].split()[0])  # laws / purity: no data, no bss


def measure():
    """The numbers: flash by row and column, and the octets of the structs."""
    flash, made = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for row, headers in ROWS.items():
            made = tree.compile_objects(COMPILER, FLAGS + (LEAST_MACROS if row == LEAST else []), tree.all_sources(), folder)
            rooms = list(dict.fromkeys(['wire', *(['session'] if row != 'wire' else []), *headers]))
            roots = LEAST_FUNCTIONS if row == LEAST else [name for header in headers for name in functions(header)]
            columns = [(rooms, [])]
            if row != 'wire':
                columns += [([*rooms, 'sasl'], ['epop_sasl_init', 'epop_sasl_plain']),
                            ([*rooms, 'sasl'], ['epop_sasl_init', *mechanisms()])]
            flash[row] = [linked([made[source] for source in tree.sources(rooms_of_column)], roots + more, folder)
                          for rooms_of_column, more in columns]
        ram = structs(folder)
    return flash, ram


def structs(folder):
    source, target = os.path.join(folder, 'structs.c'), os.path.join(folder, 'structs.o')
    names = ['epop_client', 'epop_server', 'epop_sasl', 'epop_sync']
    with open(source, 'w', encoding='utf-8') as f:
        f.write('#include <epop/epop.h>\n')
        f.writelines(f'char size_of_{name}[sizeof({name})];\n' for name in names)
    run([COMPILER, *FLAGS, f'-I{tree.path("include")}', '-c', source, '-o', target])
    sizes = dict(re.findall(r'^\w+ (\w+) \w size_of_(\w+)$', run([COMPILER.replace('gcc', 'nm'), '-S', target]),
                            flags=re.M)[i][::-1] for i in range(len(names)))
    return {name: int(sizes[name], 16) for name in names}


def table(flash, ram, version):
    lines = [BEGIN, f'| flash on a Cortex-M0+, octets ({COMPILER} {version}, `-Os`) | without SASL | with PLAIN | with all '
             'mechanisms |\n', '| --- | ---: | ---: | ---: |\n']
    for row, octets in flash.items():
        cells = [f'{number:,}' for number in octets] + [''] * (3 - len(octets))
        lines.append(f'| {row} | {" | ".join(cells)} |\n')
    lines += ['\n', f'RAM beside the host\'s buffers: `epop_client` {ram["epop_client"]}, `epop_server` '
              f'{ram["epop_server"]}, `epop_sasl` {ram["epop_sasl"]}, `epop_sync` {ram["epop_sync"]}. (`tests/laws/footprint.py`; `--gc-sections`) ', END]
    return ''.join(lines)


def numbers(text):
    return [int(number.replace(',', '')) for number in re.findall(r'(?<=[| ])\d[\d,]*(?= [|]|[,.])', text)]


def close(text, other):
    left, right = numbers(text), numbers(other)
    return len(left) == len(right) and all(abs(a - b) <= TOLERANCE * b for a, b in zip(left, right))


def is_there():
    return tree.compilers([COMPILER]) and tree.run([COMPILER, '-E', '-'], input='#include <string.h>').returncode == 0


def main():
    if not is_there():
        if os.environ.get('CI') == 'true':
            sys.exit(f'{COMPILER} is not there with string.h: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi')
        tree.skip(f'{COMPILER} is not there with string.h')
    version = run([COMPILER, '-dumpfullversion']).strip()
    readme = tree.read('README.md')
    made = table(*measure(), version)
    start, end = readme.find(BEGIN), readme.find(END)
    if start < 0 or end < 0:
        sys.exit('README.md has no footprint table')
    there = readme[start:end + len(END)]
    if sys.argv[1:] == ['--update']:
        with open(tree.path('README.md'), 'w', encoding='utf-8') as f:
            f.write(readme.replace(there, made))
        return
    same_version = f'({COMPILER} {version},' in there
    print(made)
    right = there == made if same_version else close(there, made)
    tree.finish([] if right else [f'README.md has another table:\n{there}'], 'tests/laws/footprint.py --update')


main()
