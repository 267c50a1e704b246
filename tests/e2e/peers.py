"""Other people's POP3 programs: servers for popget, clients for popd. What is not installed is skipped by name.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import pathlib
import shutil

import pytest

SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin"


def missing(name, why):
    """Skips the test, or fails it where everything is to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"peer {name}: {why}", pytrace=False)
    pytest.skip(f"peer {name}: {why}")


def peer(name):
    """The path of a program."""
    path = shutil.which(name, path=SEARCH)
    return path or missing(name, "not installed")


def popa3d_binary():
    """popa3d as tests/install.sh has unpacked it, or as the system has it."""
    unpacked = pathlib.Path(os.environ.get("EPOP_PEERS", "/nonexistent")) / "popa3d/usr/sbin/popa3d"
    return str(unpacked) if unpacked.exists() else peer("popa3d")
