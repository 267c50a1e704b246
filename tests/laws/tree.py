"""What the checks of the laws know of the tree: its sources, its headers, its option sets, and the compilers at hand.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADERS = ['base', 'client', 'epop', 'sasl', 'server', 'sync', 'version', 'wire']  # mbedtls.h needs mbedTLS
WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-qual', '-Wundef', '-Werror', '-pedantic-errors']
SKIP = 77  # what meson takes for "skipped"

# Option sets of meson_options.txt: the rooms of lib/ that are built, and macros.
OPTION_SETS = {
    'all': (['wire', 'sasl', 'session', 'client', 'sync', 'server'], []),
    'client only': (['wire', 'sasl', 'session', 'client'], []),
    'server only': (['wire', 'sasl', 'session', 'server'], []),
    'no sasl': (['wire', 'session', 'client', 'sync', 'server'], []),
    'wire only': (['wire'], []),
    'no strerror': (['wire', 'sasl', 'session', 'client', 'sync', 'server'], ['-DEPOP_NO_STRERROR']),
    'no trace': (['wire', 'sasl', 'session', 'client', 'sync', 'server'], ['-DEPOP_NO_TRACE']),
}


def path(*parts):
    return os.path.join(ROOT, *parts)


def read(*parts):
    with open(path(*parts), encoding='utf-8') as f:
        return f.read()


def sources(rooms=('wire', 'sasl', 'session', 'client', 'sync', 'server')):
    """The C files of some rooms of lib/, as paths relative to the tree. A session has sasl_none.c, or sasl.c and so on."""
    none = 'sasl' not in rooms
    return [f'lib/{room}/{name}' for room in rooms for name in sorted(os.listdir(path('lib', room)))
            if name.endswith('.c') and (not name.startswith('sasl') or (name == 'sasl_none.c') == none)]


def all_sources():
    """Those of every option set."""
    return sources() + [f'lib/{room}/sasl_none.c' for room in ('client', 'server')]


def adapter_sources():
    """Those of lib/mbedtls; none where mbedTLS is not there to compile them with."""
    with tempfile.TemporaryDirectory() as folder:
        trial = os.path.join(folder, 'trial.c')
        with open(trial, 'w', encoding='utf-8') as f:
            f.write('#include <mbedtls/ssl.h>\n')
        if not any(run([name, '-fsyntax-only', trial]).returncode == 0 for name in compilers()):
            return []
    return sources(('mbedtls',))


def c_files(*folders, suffixes=('.c', '.h')):
    """All C files below some folders, as paths relative to the tree."""
    found = []
    for folder in folders:
        for here, below, names in os.walk(path(folder)):
            below[:] = sorted(name for name in below if not name.startswith('.'))
            found += [os.path.relpath(os.path.join(here, name), ROOT) for name in sorted(names)
                      if name.endswith(suffixes)]
    return found


def compilers(names=('cc', 'gcc', 'clang', 'clang-14')):
    """Those that are there, each once: `cc` may be `gcc` by another name."""
    there = {}
    for name in names:
        program = shutil.which(name)
        if program:
            there.setdefault(os.path.realpath(program), name)
    return list(there.values())


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)


def compile_objects(compiler, flags, files, folder):
    """Compiles sources of lib/; the path of the object of each. Ends the program where the compiler fails."""
    made = {}
    for source in files:
        target = os.path.join(folder, source.replace('/', '_')[:-2] + '.o')
        command = [compiler, '-std=c99', '-DEPOP_BUILD', '-fvisibility=hidden', *flags, f'-I{path("include")}',
                   f'-I{path("lib")}', '-c', path(source), '-o', target]
        done = run(command)
        if done.returncode != 0:
            print(f'{" ".join(command)}\n{done.stderr}')
            sys.exit(1)
        made[source] = target
    return made


def without_comments(text):
    return re.sub(r'/\*.*?\*/', lambda m: '\n' * m.group(0).count('\n'), text, flags=re.S)


def declarations(compiler='cc'):
    """The public headers as the compiler sees them: preprocessed, and without what came from elsewhere."""
    done = run([compiler, '-std=c99', '-E', f'-I{path("include")}', path('include', 'epop', 'epop.h')])
    if done.returncode != 0:
        print(done.stderr)
        sys.exit(1)
    kept = []
    ours = False
    for line in done.stdout.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = '/epop/' in marker.group(1)
        elif ours:
            kept.append(line)
    return '\n'.join(kept)


def public_functions():
    """The names of all functions of the public headers."""
    without_structs = re.sub(r'struct \w+ \{.*?\}', '', declarations(), flags=re.S)
    return sorted(re.findall(r'\b(epop_\w+)\s*\([^()]*\)\s*;', without_structs))


def structs():
    """The public structs: name, and the names of the members in order."""
    found = {}
    for name, body in re.findall(r'typedef struct (epop_\w+) \{(.*?)\} \1;', declarations(), flags=re.S):
        members = []
        for member in body.split(';'):
            pointer = re.search(r'\(\*(\w+)\)\(', member)
            plain = re.search(r'(\w+)\s*(\[\w+\])?\s*$', member.strip())
            if pointer or plain:
                members.append(pointer.group(1) if pointer else plain.group(1))
        found[name] = members
    return found


def keep_current(page, law, made):
    """The pictures that a law makes of `page`, each between two marks: what is not current there. With --update as the
    program's argument they are written."""
    there = text = read(page)
    faults = []
    for name, picture in made.items():
        begin = f'<!-- {law} of {name}: made by tests/laws/{law}.py --update -->\n'
        end = f'<!-- /{law} of {name} -->\n'
        if text.count(begin) != 1 or text.count(end) != 1:
            faults.append(f'{page} has no place for the picture of {name}: {begin}{end}')
            continue
        start = text.index(begin) + len(begin)
        text = text[:start] + picture + text[text.index(end):]
    if sys.argv[1:] == ['--update'] and text != there:
        with open(path(page), 'w', encoding='utf-8') as f:
            f.write(text)
    elif text != there:
        faults.append(f'{page} shows other {law}: tests/laws/{law}.py --update')
    return faults


def finish(faults, remedy):
    """Ends the check: prints what is wrong, and what to do about it."""
    for fault in faults:
        print(fault)
    if faults:
        print(f'\n{len(faults)} wrong. {remedy}')
        sys.exit(1)
    sys.exit(0)


def skip(why):
    print(f'skipped: {why}')
    sys.exit(SKIP)
