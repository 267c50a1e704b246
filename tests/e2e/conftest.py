"""What all end-to-end tests share: the programs started for them, and the watch over sanitizer reports.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import atexit
import os
import pathlib
import resource
import shutil
import tempfile

import pytest

from programs import Popd

_reports = pathlib.Path(tempfile.mkdtemp(prefix="epop-reports."))
atexit.register(shutil.rmtree, _reports, ignore_errors=True)
os.environ["ASAN_OPTIONS"] = f"log_path={_reports}/report:exitcode=99:detect_stack_use_after_return=1"
os.environ["UBSAN_OPTIONS"] = f"log_path={_reports}/report:halt_on_error=1:print_stacktrace=1:exitcode=99"

# Tests with a thousand connections need more descriptors than many systems give at first; popd inherits the limit.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted = 8192 if _hard == resource.RLIM_INFINITY else min(8192, _hard)
if _soft != resource.RLIM_INFINITY and _soft < _wanted:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_wanted, _hard))


def pytest_configure(config):
    missing = [
        name
        for name in ("EPOP_POPD", "EPOP_POPGET", "EPOP_POPD_RELEASE", "EPOP_POPGET_RELEASE")
        if not os.access(os.environ.get(name, ""), os.X_OK)
    ]
    if missing:
        pytest.exit(f"no program in {', '.join(missing)}: these tests are run by tests/run.sh", 2)
    os.environ.pop("POPGET_PASSWORD", None)


def pytest_terminal_summary(terminalreporter):
    """The totals, for tests/run.sh."""
    counts = {kind: len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    if report := os.environ.get("EPOP_TEST_COUNTS"):
        pathlib.Path(report).write_text(
            f"{counts['passed']} {counts['failed'] + counts['error']} {counts['skipped']}\n"
        )


@pytest.fixture(autouse=True)
def sanitizers():
    """No test passes on which a program under test has reported a fault, whatever its exit status was."""
    yield
    reports = sorted(_reports.glob("report*"))
    text = "\n".join(path.read_text(errors="replace") for path in reports)
    for path in reports:
        path.unlink()
    assert not reports, f"sanitizer report:\n{text}"


@pytest.fixture
def popd(sanitizers, tmp_path):
    """Starts popd with the options given; all of them are stopped, and must end well, after the test."""
    started = []

    def start(*options, prepare=None, **where):
        folder = tmp_path / f"popd{len(started)}"
        folder.mkdir()
        server = Popd(folder, *options, **where)
        started.append(server)
        if prepare:
            prepare(server)
        return server.start()

    yield start
    failures = []
    for server in started:
        try:
            server.stop()
        except AssertionError as failure:
            failures.append(str(failure))
    assert failures == []
