"""popa3d behind a small inetd of our own, in a chroot that has its own users: those of the system are not touched.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from acceptor import Acceptor
from mails import sent_by_others
from peers import missing, popa3d_binary

USERS = 64
MAIL_GROUP = 8
# crypt(3) of PASSWORD in programs.py, by `openssl passwd -6 -salt epoptest`; pam_unix looks it up.
HASH = "$6$epoptest$v7skHs1TPff0GG5zmwGb5cvNiOWJvLzJcLqCJ0TS/vbD/a/uERM8w7RkAIzmik3g0H2kDOybXGkvKk4BPzvQp0"
PAM = "auth required pam_unix.so\naccount required pam_unix.so\n"


class Popa3d:
    """One listener for many tests. The users are there from the beginning, tests take one each."""

    name = "popa3d"

    def __init__(self):
        binary = popa3d_binary()
        if os.geteuid() != 0:
            missing("popa3d", "needs root, for its chroot and its users")
        pam = next(iter(pathlib.Path("/").glob("lib*/**/security/pam_unix.so")), None)
        if pam is None:
            missing("popa3d", "there is no pam_unix.so")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="epop-popa3d."))
        self.root.chmod(0o755)
        self.users = 0
        self._copy(binary, pathlib.Path("/usr/sbin/popa3d"))
        self._copy(pam, pam)
        self._accounts()
        self.acceptor = Acceptor(self._session)
        self.port = self.acceptor.port

    def _copy(self, source, place):
        """A program or module with the libraries it needs."""
        needed = re.findall(
            r"(/\S+)", subprocess.run(["ldd", str(source)], capture_output=True, text=True, check=True).stdout
        )
        for path, target in [(source, place), *((library, pathlib.Path(library)) for library in needed)]:
            inside = self.root / str(target).lstrip("/")
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, inside)

    def _accounts(self):
        for folder in ("etc/pam.d", "var/mail", "var/lib/popa3d"):
            (self.root / folder).mkdir(parents=True)
        names = [(f"user{n}", 60000 + n) for n in range(1, USERS + 1)]
        accounts = [("root", 0), ("popa3d", 59999), *names]
        etc = self.root / "etc"
        (etc / "passwd").write_text("".join(f"{name}:x:{uid}:{uid}::/:/bin/false\n" for name, uid in accounts))
        (etc / "group").write_text(f"mail:x:{MAIL_GROUP}:\n" + "".join(f"{name}:x:{uid}:\n" for name, uid in accounts))
        (etc / "shadow").write_text("".join(f"{name}:{HASH}:19000:0:99999:7:::\n" for name, _ in names))
        (etc / "shadow").chmod(0o600)
        (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\n")
        (etc / "pam.d/popa3d").write_text(PAM)
        os.chown(self.root / "var/mail", 0, MAIL_GROUP)
        (self.root / "var/mail").chmod(0o2775)

    def _session(self, connection):
        # popa3d writes in small pieces; without this every message would wait for a delayed acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            child = subprocess.Popen(
                ["/usr/sbin/popa3d"],
                stdin=connection,
                stdout=connection,
                stderr=subprocess.DEVNULL,
                env={},
                preexec_fn=lambda: (os.chroot(self.root), os.chdir("/")),
            )
        child.wait()

    def user(self, messages):
        """A user with these messages in the spool file. A line that begins with "From " would begin a new message."""
        assert not any(re.search(rb"^From ", raw, re.M) for raw in messages)
        self.users += 1
        spool = self.root / f"var/mail/user{self.users}"
        spool.write_bytes(
            b"".join(
                b"From sender Mon Nov 24 08:00:00 2025\n" + raw + (b"\n" if raw.endswith(b"\n") else b"\n\n")
                for raw in messages
            )
        )
        os.chown(spool, 60000 + self.users, MAIL_GROUP)
        spool.chmod(0o660)
        return spool.name

    def left(self, user):
        """How many messages the user still has."""
        return len(re.findall(rb"^From ", (self.root / "var/mail" / user).read_bytes(), re.M))

    @staticmethod
    def sent(raw):
        return sent_by_others(raw)

    def stop(self):
        self.acceptor.close()
        shutil.rmtree(self.root, ignore_errors=True)
