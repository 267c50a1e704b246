#!/usr/bin/env python3
"""A `default:` in lib/ refuses, or answers with a value that does nothing; every real case has its name.

Where a case is added and somewhere forgotten, it falls to the default: that must never be what one of the others does.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import re

import tree

# What may follow: one statement, and where it is no return, a break.
REFUSALS = [
    r'return (\(int32_t\))?EPOP_ERR_\w+;',
    r'return (NULL|0);',
    r'return "[^"]*";',
    # Neutral: nothing to be done for it, a command or a row of no known kind, no algorithm.
    r'return EPOP_OK;',
    r'return EPOP_CMD_UNKNOWN;',
    r'return EPOP_ROW_UNREADABLE;',
    r'return PSA_ALG_NONE;',
    # These end a command, a login, a run or the session, with an error.
    r'epopi_server_bad\(\w+, "[^"]*"\);',
    r'(return |\(void\))epopi_(client|server)_(die|end)\(\w+, EPOP_ERR_\w+\);( break;)?',
    r'return (fail|fail_tls|give_up|end_run)\(\w+, (result|EPOP_ERR_\w+)\);',
]
# EPOP_OK is success of a login, a mechanism, a verb: neutral only where an event is passed over.
EVENTS = 'lib/sync/response.c'


def bodies(text):
    """The line, the label in front if it has no statement of its own, and the statements, of each default."""
    for found in re.finditer(r'(?P<label>case\s+[^:{};]+:\s*)?\bdefault\s*:(?P<body>[^{}]*)(?P<end>[{}])', text):
        body = ' '.join(found['body'].split()) + ('' if found['end'] == '}' else ' {')
        yield text.count('\n', 0, found.start('body')) + 1, found['label'], body


def check(path):
    text = tree.without_comments(tree.read(path))
    seen = 0
    for line, label, body in bodies(text):
        seen += 1
        if label:
            yield f'{path}:{line}: {" ".join(label.split())} shares the default'
        if not any(re.fullmatch(refusal, body) for refusal in REFUSALS):
            yield f'{path}:{line}: default does something: {body}'
        elif body == 'return EPOP_OK;' and path != EVENTS:
            yield f'{path}:{line}: default says that all is well'
    if seen != len(re.findall(r'\bdefault\s*:', text)):
        yield f'{path}: {seen} defaults read, and there are more'


def main():
    files = [path for path in tree.c_files('lib', suffixes=('.c', '.h', '.def'))]
    faults = [fault for path in files for fault in check(path)]
    count = sum(tree.read(path).count('default:') for path in files)
    if count < 30:
        faults.append(f'only {count} defaults found in lib/')
    tree.finish(faults, 'Name every case that is real; let default return an error, or a value that does nothing.')


main()
