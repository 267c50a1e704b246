"""The programs under test: popd as a server that is started and stopped, popget as a command that is run.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import pathlib
import signal
import subprocess
import sys

from deadline import PATIENCE, until

PASSWORD = "s3cr3t-Pa55word"

EX_OK, EX_USAGE, EX_PROTOCOL, EX_UNAVAILABLE, EX_IOERR, EX_TEMPFAIL, EX_REFUSED = 0, 64, 65, 69, 74, 75, 77


def program(name, release=False):
    """The path of popd or popget: the sanitised build, or the one for what is measured; with "PLAIN" for `release`
    the one without mbedTLS."""
    kind = release if isinstance(release, str) else "RELEASE"
    return os.environ[f"EPOP_{name.upper()}{f'_{kind}' if release else ''}"]


class Popd:
    """A popd on a free port of 127.0.0.1. `users` are names; all have PASSWORD and the Maildir root/NAME."""

    def __init__(
        self,
        folder,
        *options,
        users=("alice",),
        lines=None,
        cleartext=True,
        release=False,
        certificate=None,
        environment=(),
    ):
        self.folder = folder
        self.root = folder / "mail"
        self.log = folder / "popd.log"
        self.release = release
        self.environment = {**os.environ, **dict(environment)}
        # Failed logins are answered at once, and all connections come from one address, unless a test has its own idea: a
        # later one of an option counts.
        self.options = ["--login-failure-delay", "0", "--max-sessions-per-address", "100000", *options]
        self.options += ["--allow-cleartext"] if cleartext else []
        if certificate:
            self.options += ["--listen-tls", "127.0.0.1:0", *certificate.options()]
        self.users_file = folder / "users"
        self.users_file.write_text(
            "".join(f"{line}\n" for line in lines or [f"{name}:{{PLAIN}}{PASSWORD}" for name in users])
        )
        self.users_file.chmod(0o600)
        for name in users:
            for part in ("cur", "new", "tmp"):
                (self.root / name / part).mkdir(parents=True, exist_ok=True)
        self.process = None
        self.port = None
        self.tls_port = None

    def maildir(self, user="alice"):
        return self.root / user

    def start(self):
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        command = [
            program("popd", self.release),
            "--root",
            str(self.root),
            "--users",
            str(self.users_file),
            "--listen",
            "127.0.0.1:0",
            "--port-file",
            str(port_file),
            *self.options,
        ]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )

        def ready():
            assert (
                self.process.poll() is None
            ), f"popd ended with {self.process.returncode}: {self.log.read_text(errors='replace')}"
            return port_file.exists() and port_file.read_text().endswith("\n")

        until(ready, "popd writes its port file")
        kinds = [line.split(" ") for line in port_file.read_text().splitlines()]
        ports = {kind: int(address.rpartition(":")[2]) for kind, address in reversed(kinds)}
        assert set(ports) == ({"pop", "pops"} if "--listen-tls" in self.options else {"pop"})
        self.port = ports["pop"]
        self.tls_port = ports.get("pops")
        return self

    def stop(self):
        """Ends it as an administrator would: SIGTERM, and status 0."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "no answer to SIGTERM"
        self.process = None
        log = self.log.read_bytes()
        assert status == 0, f"popd ended with {status}: {log[-2000:].decode(errors='replace')}"
        assert PASSWORD.encode() not in log, "a password is in the log of popd"

    def memory_peak(self):
        """The most memory it ever held, in KiB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        raise AssertionError("no VmHWM")


def popget_command(
    *args, port, user="alice", host="127.0.0.1", options=("--allow-cleartext",), release=False, scheme="pop"
):
    return [program("popget", release), *map(str, (*options, *args)), f"{scheme}://{user}@{host}:{port}"]


def popget_environment(password=PASSWORD):
    env = {name: value for name, value in os.environ.items() if name != "POPGET_PASSWORD"}
    if password is not None:
        env["POPGET_PASSWORD"] = password
    return env


def popget(
    *args, port, password=PASSWORD, timeout=300, status=EX_OK, preexec=None, stdout=subprocess.PIPE, cwd=None, **where
):
    """Runs popget, checks its exit status where one is given, and that it never says a password."""
    done = subprocess.run(
        popget_command(*args, port=port, **where),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=popget_environment(password),
        timeout=timeout,
        preexec_fn=preexec,
        cwd=cwd,
    )
    said = (done.stdout or b"") + done.stderr
    if status is not None:
        assert (
            done.returncode == status
        ), f"popget {args} ended with {done.returncode}, not {status}: {done.stderr.decode(errors='replace')}"
    assert password is None or password.encode() not in said, "a password is in the output of popget"
    return done


def popget_measured(folder, *args, port, status=EX_OK, timeout=300):
    """Runs the plain build of popget; the result and the most memory it ever held, in KiB."""
    report = folder / "memory-peak"
    command = [
        sys.executable,
        "-I",
        "-S",
        str(pathlib.Path(__file__).with_name("measure.py")),
        str(report),
        *popget_command(*args, port=port, release=True),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=popget_environment(),
        timeout=timeout,
    )
    assert status in (
        None,
        done.returncode,
    ), f"popget {args} ended with {done.returncode}: {done.stderr.decode(errors='replace')}"
    return done, int(report.read_text())
