"""The programs of examples/steps, run as a reader would run them.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import pathlib
import re
import subprocess

from deadline import PATIENCE, until
from peers import missing
from programs import PASSWORD, program


def step(name):
    """The path of steps-NAME."""
    path = pathlib.Path(program("popd")).parent.parent / "steps" / f"steps-{name}"
    return path if path.exists() else missing(f"steps-{name}", "not built; it needs libssl-dev")


def run_step(name, *args, password=PASSWORD, status=0, stdin=True):
    """Runs one, gives it the password as a line where it takes one, and checks how it ends and that it keeps it."""
    done = subprocess.run(
        [step(name), *map(str, args)], input=f"{password}\n".encode() if stdin else b"", capture_output=True, timeout=300
    )
    assert done.returncode == status, (done.returncode, done.stderr)
    assert PASSWORD.encode() not in done.stderr
    return done


class StepServer:
    """One that serves, on a free port. `args` has None where its port stands."""

    def __init__(self, folder, name, *args):
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as log:
            command = [step(name), *("0" if arg is None else str(arg) for arg in args)]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.port = int(until(self._ready, f"steps-{name} is ready")[1])

    def _ready(self):
        assert self.process.poll() is None, self.said()
        return re.search(rb"ready on 127\.0\.0\.1:(\d+)\n", self.said())

    def said(self):
        return self.log.read_bytes()

    def says(self, text, times=1):
        until(lambda: self.said().count(text) >= times, f"{text!r} in its log")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.said()}"
        self.process.terminate()
        self.process.wait(PATIENCE)
        assert PASSWORD.encode() not in self.said()
