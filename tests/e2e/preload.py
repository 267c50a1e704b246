"""Libraries that are loaded before the C library, to count or to spoil what a program asks of the system.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import shutil
import subprocess

import pytest


def preload(folder, name, source, *flags):
    """The path of the library, built in `folder` from C, for LD_PRELOAD. It needs Linux, a C compiler and a program without
    sanitizers."""
    compiler = shutil.which("cc") or shutil.which("gcc") or pytest.skip("no C compiler")
    code, library = folder / f"{name}.c", folder / f"{name}.so"
    code.write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", *flags, "-o", library, code, "-ldl"], check=True)
    return str(library)
