"""popd's exchanges: with GNU SASL, with hashed passwords, and what failed ones tell to those who guess.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import base64
import hashlib
import hmac
import os
import pty
import re
import signal
import ssl
import subprocess
import termios
import time

import pytest

import scram
from certificates import Certificates
from deadline import until
from dialogue import Dialogue, SecureDialogue
from gnu_sasl import Gsasl, SClient, authenticate
from mails import fill, small
from peers import peer
from programs import PASSWORD, program
from secure_popd import ALL, SASL, TOKEN, SecurePopd, is_token, token_line
from tlspop import tells

WRONG = "wr0ng-Pa55word"
HASHED = "hashed-Pa55word"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = SecurePopd(tmp_path_factory.mktemp("popd"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def in_mailbox(session):
    return session.command(b"STAT").startswith(b"+OK %d " % len(small()))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_gsasl(server, mechanism):
    user = server.user(small())
    with SecureDialogue(server.tls_port, server.ca) as session, Gsasl(mechanism, user, PASSWORD) as client:
        assert authenticate(session, client, mechanism, mechanism not in ("CRAM-MD5", "LOGIN")).startswith(b"+OK")
        assert in_mailbox(session)


@pytest.mark.parametrize("starttls", [False, True], ids=["tls", "stls"])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
@pytest.mark.parametrize("altered", [False, True])
def test_gsasl_binds_the_channel(server, mechanism, altered, starttls):
    """tls-exporter (RFC 9266), made by OpenSSL here and by the TLS of popd there."""
    user = server.user(small())
    with SClient(server.port if starttls else server.tls_port, server.ca, starttls) as session:
        # After openssl's own STLS the first command is ours.
        exporter = bytes([session.exporter[0] ^ altered]) + session.exporter[1:]
        with Gsasl(mechanism, user, PASSWORD, exporter) as client:
            answer = authenticate(session, client, mechanism, True)
            assert answer.startswith(b"-ERR" if altered else b"+OK")
            assert in_mailbox(session) != altered


def end_point(session):
    """tls-server-end-point (RFC 5929) of a certificate that is signed with SHA-256."""
    return b"tls-server-end-point:" + hashlib.sha256(session.certificate()).digest()


def scram_login(session, mechanism, user, password, binding=None, alter=lambda final: final):
    """The last answer of the server, and whether its signature was right."""
    client = scram.Client(mechanism, user.encode(), password.encode(), binding)
    first = session.command(b"AUTH %s %s" % (mechanism.encode(), scram.b64(client.first())))
    assert first.startswith(b"+ "), first
    last = session.command(scram.b64(alter(client.final(base64.b64decode(first[2:])))))
    if not last.startswith(b"+ "):
        return last, False
    right = base64.b64decode(last[2:]) == client.expected
    return session.command(b""), right


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
@pytest.mark.parametrize("altered", [False, True])
def test_binds_the_certificate(server, certificates, mechanism, altered):
    user = server.user(small())
    with SecureDialogue(server.tls_port, server.ca) as session:
        binding = end_point(session)
        if altered:
            other = ssl.PEM_cert_to_DER_cert(certificates.second.cert.read_text())
            binding = b"tls-server-end-point:" + hashlib.sha256(other).digest()
        answer, right = scram_login(session, mechanism, user, PASSWORD, binding)
        assert (answer[:3] == b"+OK", right) == (not altered, not altered), answer


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
@pytest.mark.parametrize("altered", [False, True])
def test_binds_by_the_default_of_tls_1_2(server, mechanism, altered):
    """tls-unique (RFC 5929 section 3), which a server must have (RFC 5802 section 6.1), as OpenSSL tells it."""
    user = server.user(small())
    with SecureDialogue(server.tls_port, server.ca) as session:
        unique = session.unique()
        unique = bytes([unique[0] ^ altered]) + unique[1:]
        answer, right = scram_login(session, mechanism, user, PASSWORD, b"tls-unique:" + unique)
        assert (answer[:3] == b"+OK", right) == (not altered, not altered), answer


def hashed_by_popd(password):
    done = subprocess.run(
        [program("popd"), "--hash-password"], input=password.encode() + b"\n", capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert tells(done.stdout + done.stderr, password) == []
    return done.stdout.decode().strip()


def test_hash_of_a_password_that_is_typed():
    """At a terminal popd asks, and what is typed is not shown."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [program("popd"), "--hash-password"], stdin=slave, stdout=subprocess.PIPE, stderr=slave, close_fds=True
    )
    os.close(slave)
    shown = b""
    while b"assword: " not in shown:
        shown += os.read(master, 1024)
    assert not termios.tcgetattr(master)[3] & termios.ECHO
    os.write(master, HASHED.encode() + b"\n")
    made = child.stdout.read().decode().strip()
    shown += os.read(master, 1024)
    assert child.wait(60) == 0 and tells(shown, HASHED) == []
    assert termios.tcgetattr(master)[3] & termios.ECHO, "the terminal shows again what is typed"
    os.close(master)
    assert is_hash_of(made, HASHED)


def is_hash_of(made, password):
    """By an implementation that is not ours (RFC 5802 section 3)."""
    iterations, salt, stored, server = made.partition("}")[2].split(",")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client = hmac.new(salted, b"Client Key", "sha256").digest()
    keys = hashlib.sha256(client).digest(), hmac.new(salted, b"Server Key", "sha256").digest()
    return keys == (base64.b64decode(stored), base64.b64decode(server))


@pytest.mark.parametrize("line", [b"", b"\n", b"\r\n", b"a\0b\n", b"x" * 249 + b"\n", b"x" * 999])
def test_no_hash_of_what_is_no_password(line):
    done = subprocess.run([program("popd"), "--hash-password"], input=line, capture_output=True, timeout=60)
    assert done.returncode == 65 and done.stdout == b"" and done.stderr != b""  # EX_DATAERR


@pytest.mark.parametrize("line", [b"x", b"x" * 248, b"pa ss \xc3\xa4\r"])
def test_hash_of_any_password(line):
    for end in (b"", b"\n"):
        done = subprocess.run([program("popd"), "--hash-password"], input=line + end, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert is_hash_of(done.stdout.decode().strip(), line.rstrip(b"\r").decode())


def hashed_by_dovecot(password):
    done = subprocess.run(
        [peer("doveadm"), "-O", "pw", "-s", "SCRAM-SHA-256", "-p", password], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def test_dovecot_knows_the_hash():
    """What popd makes is what Dovecot reads."""
    made = hashed_by_popd(HASHED)
    assert re.fullmatch(r"\{SCRAM-SHA-256\}[0-9]+,[A-Za-z0-9+/=]{24},[A-Za-z0-9+/=]{44},[A-Za-z0-9+/=]{44}", made)
    for password, right in ((HASHED, True), (WRONG, False)):
        done = subprocess.run(
            [peer("doveadm"), "-O", "pw", "-t", made, "-p", password], capture_output=True, timeout=60
        )
        assert (done.returncode == 0) == right
    assert made != hashed_by_popd(HASHED), "every hash has a salt of its own"


@pytest.fixture(params=[hashed_by_popd, hashed_by_dovecot], ids=["popd", "doveadm"])
def hashed_server(request, popd, certificates):
    """alice has a hash, and nothing else is known of her password."""
    line = f"alice:{request.param(HASHED)}"
    return popd(
        "--mechanisms",
        ",".join(ALL),
        lines=[line, f"bob:{{PLAIN}}{PASSWORD}"],
        users=("alice", "bob"),
        certificate=certificates.server,
        cleartext=False,
        prepare=lambda server: fill(server.maildir(), small()),
    )


@pytest.mark.parametrize("password", [HASHED, WRONG])
def test_hashed_password(hashed_server, certificates, password):
    right = password == HASHED
    with SecureDialogue(hashed_server.tls_port, certificates.ca.cert) as session:
        answer, signed = scram_login(session, "SCRAM-SHA-256", "alice", password)
        assert (answer[:3] == b"+OK", signed) == (right, right), answer
    with SecureDialogue(hashed_server.tls_port, certificates.ca.cert) as session:
        plain = scram.b64(b"\0alice\0" + password.encode())
        assert session.command(b"AUTH PLAIN " + plain).startswith(b"+OK" if right else b"-ERR [AUTH]")
    with SecureDialogue(hashed_server.tls_port, certificates.ca.cert) as session:
        session.ok(b"USER alice")
        assert session.command(b"PASS " + password.encode()).startswith(b"+OK" if right else b"-ERR [AUTH]")


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "SCRAM-SHA-1"])
def test_hash_serves_no_other_mechanism(hashed_server, certificates, mechanism):
    """Of a SCRAM-SHA-256 key nothing else can be made; who has one is refused there, as if the password were wrong."""
    with SecureDialogue(hashed_server.tls_port, certificates.ca.cert) as session:
        answer = attempt(session, mechanism, "alice", HASHED)[-1]
        assert answer.startswith(b"-ERR [AUTH]")


def attempt(session, mechanism, user, secret):
    """All that the server says to a login."""
    out = []

    def say(octets):
        out.append(session.command(octets))
        return base64.b64decode(out[-1][2:]) if out[-1].startswith(b"+ ") else b""

    name = user.encode()
    key = secret.encode()
    verb = b"AUTH " + mechanism.encode()
    if mechanism == "USER":
        say(b"USER " + name)
        say(b"PASS " + key)
    elif mechanism == "APOP":
        stamp = re.search(rb"<[^>]*>", session.greeting).group()
        say(b"APOP " + name + b" " + hashlib.md5(stamp + key).hexdigest().encode())
    elif mechanism == "PLAIN":
        say(verb + b" " + scram.b64(b"\0" + name + b"\0" + key))
    elif mechanism == "LOGIN":
        say(verb)
        say(scram.b64(name))
        say(scram.b64(key))
    elif mechanism == "CRAM-MD5":
        challenge = say(verb)
        say(scram.b64(name + b" " + hmac.new(key, challenge, "md5").hexdigest().encode()))
    elif is_token(mechanism):
        head = b"n,a=%s," % name if mechanism == "OAUTHBEARER" else b"user=" + name
        say(verb + b" " + scram.b64(head + b"\1auth=Bearer " + key + b"\1\1"))
        if out[-1].startswith(b"+ "):
            say(scram.b64(b"\1") if mechanism == "OAUTHBEARER" else b"")
    else:
        binding = end_point(session) if mechanism.endswith("PLUS") else None
        client = scram.Client(mechanism, name, key, binding)
        first = say(verb + b" " + scram.b64(client.first()))
        if say(scram.b64(client.final(first))):
            say(b"")
    return out


def shape(lines):
    """What two logins must have in common: all but what is random, of which the length."""
    out = []
    for line in lines:
        if line.startswith(b"+ "):
            text = base64.b64decode(line[2:])
            if text.startswith(b"r="):
                said = scram.fields(text)
                salt = len(base64.b64decode(said[b"s"]))
                text = b"%d %d %s" % (len(said[b"r"]), salt, said[b"i"])
            line = b"+ " + re.sub(rb"<[^@>]*@", lambda stamp: b"<%d@" % len(stamp.group()), text)
        out.append(line)
    return out


@pytest.mark.parametrize("mechanism", ALL)
def test_unknown_user_and_wrong_password_look_the_same(server, mechanism):
    """The same octets in as many round trips."""
    user = server.user(small(), mechanism)
    shapes = []
    for name in (user, "nobody99", "x" * len(user)):
        with SecureDialogue(server.tls_port, server.ca) as session:
            shapes.append(shape(attempt(session, mechanism, name, WRONG)))
            assert session.command(b"NOOP").startswith(b"-ERR"), "nobody is in"
    assert shapes[0] == shapes[1] == shapes[2]
    assert shapes[0][-1].startswith(b"-ERR [AUTH]")
    right = TOKEN if is_token(mechanism) else PASSWORD
    with SecureDialogue(server.tls_port, server.ca) as session:
        assert attempt(session, mechanism, user, right)[-1].startswith(b"+OK"), "the dialogue above is a right one"


def salt_of(server, user, mechanism="SCRAM-SHA-256"):
    with SecureDialogue(server.tls_port, server.ca) as session:
        client = scram.Client(mechanism, user.encode(), b"x")
        line = session.command(b"AUTH " + mechanism.encode() + b" " + scram.b64(client.first()))
        session.command(b"*")
        return scram.fields(base64.b64decode(line[2:]))[b"s"]


def test_salt_of_an_unknown_user_stays(server):
    """Who asks twice must not see by a new salt that there is nobody."""
    assert salt_of(server, "nobody1") == salt_of(server, "nobody1") != salt_of(server, "nobody2")
    known = server.user(small())
    assert salt_of(server, known) == salt_of(server, known)


def test_salts_of_two_hashes_tell_nothing(server):
    """Who asks for both must not see by their being the same, or not, whether there is somebody."""
    known = server.user(small())
    same = [salt_of(server, name, "SCRAM-SHA-1") == salt_of(server, name) for name in (known, "nobody1")]
    assert same[0] == same[1]


def test_mechanisms(popd, certificates):
    """--mechanisms is what is announced, and nothing else is taken."""
    server = popd("--mechanisms", "SCRAM-SHA-256,PLAIN", certificate=certificates.server, cleartext=False)
    with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
        rows = session.listing(b"CAPA")
        assert [row for row in rows if row.startswith(b"SASL")] == [b"SASL SCRAM-SHA-256 PLAIN"]
        assert b"STLS" not in rows and b"USER" not in rows
        session.refused(b"AUTH CRAM-MD5")
        session.refused(b"USER alice")
        assert session.command(b"AUTH PLAIN " + scram.b64(b"\0alice\0" + PASSWORD.encode())).startswith(b"+OK")


def test_without_tls_only_stls(popd, certificates):
    server = popd("--mechanisms", ",".join(SASL), certificate=certificates.server, cleartext=False)
    with Dialogue(server.port) as session:
        rows = session.listing(b"CAPA")
        assert b"STLS" in rows and b"USER" not in rows
        for mechanism in (b"PLAIN", b"LOGIN", b"OAUTHBEARER", b"XOAUTH2"):
            assert not any(row.startswith(b"SASL") and mechanism in row.split() for row in rows)
            session.refused(b"AUTH " + mechanism)
        session.refused(b"USER alice")


def test_sighup_reads_the_certificate_again(popd, certificates, tmp_path):
    own = certificates.folder / "live"
    cert, key = own.with_suffix(".pem"), own.with_suffix(".key")

    class Live:
        @staticmethod
        def options():
            return ["--cert", str(cert), "--key", str(key)]

    def install(made):
        cert.write_bytes(made.cert.read_bytes())
        key.write_bytes(made.key.read_bytes())

    def der(made):
        return ssl.PEM_cert_to_DER_cert(made.cert.read_text())

    def seen():
        with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
            return session.certificate()

    install(certificates.server)
    server = popd(certificate=Live)
    assert seen() == der(certificates.server)
    with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
        install(certificates.second)
        assert seen() == der(certificates.server), "not before it is told"
        server.process.send_signal(signal.SIGHUP)
        until(lambda: seen() == der(certificates.second), "popd shows the other certificate")
        session.login().ok(b"STAT")
    before = server.log.read_bytes()
    cert.write_text("no certificate\n")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: str(cert).encode() in server.log.read_bytes()[len(before) :], "popd says what is wrong")
    assert seen() == der(certificates.second), "a file with an error changes nothing"


def test_token_user_has_no_password(popd, certificates):
    """The digest of a token is no password, and a token for one is none for another."""
    lines = [token_line("alice"), token_line("bob", "another" + TOKEN)]
    server = popd(
        "--mechanisms",
        ",".join(ALL),
        lines=lines,
        users=("alice", "bob"),
        certificate=certificates.server,
        cleartext=False,
    )
    digest = lines[0].rpartition("}")[2]
    for mechanism in ("PLAIN", "LOGIN", "USER", "CRAM-MD5", "APOP", "SCRAM-SHA-256"):
        with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
            assert attempt(session, mechanism, "alice", digest)[-1].startswith(b"-ERR")
    for user, right in (("alice", True), ("bob", False)):
        with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
            answer = attempt(session, "OAUTHBEARER", user, TOKEN)[-1]
            assert answer.startswith(b"+OK" if right else b"-ERR")


def test_answer_to_a_failed_login_waits(popd, certificates):
    """No other session waits for it, and none of the commands behind it is lost."""
    server = popd("--login-failure-delay", "60", certificate=certificates.server)
    with SecureDialogue(server.tls_port, certificates.ca.cert) as guesser, Dialogue(server.port) as other:
        guesser.send(b"AUTH PLAIN " + scram.b64(b"\0alice\0" + WRONG.encode()) + b"\r\n")
        until(lambda: b"login-failed" in server.log.read_bytes(), "popd sees that the password is wrong")
        other.login().ok(b"STAT")
        guesser.socket.settimeout(0)
        with pytest.raises(ssl.SSLWantReadError):
            guesser.socket.recv(1)
        # The fixture ends popd now, which does not wait for the guesser.


@pytest.mark.parametrize("mechanism", ["USER", "PLAIN", "SCRAM-SHA-256", "OAUTHBEARER", "APOP"])
def test_delay_is_over(popd, certificates, mechanism):
    """Never before its time, and in step: a clock can only be too slow for this test, not too fast."""
    server = popd("--login-failure-delay", "1", "--mechanisms", ",".join(ALL), certificate=certificates.server)
    with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
        begun = time.monotonic()
        assert attempt(session, mechanism, "alice", WRONG)[-1].startswith(b"-ERR [AUTH]")
        assert time.monotonic() - begun >= 0.99
        session.send(b"USER alice\r\nPASS " + WRONG.encode() + b"\r\nUSER alice\r\nPASS " + PASSWORD.encode() + b"\r\n")
        assert [session.line()[:4] for _ in range(4)] == [b"+OK ", b"-ERR", b"+OK ", b"+OK "]


def test_guesser_who_does_not_wait(popd):
    """One who hangs up is done with at once, whatever is left of the delay."""
    server = popd("--login-failure-delay", "60")
    session = Dialogue(server.port)
    session.ok(b"USER alice")
    session.send(b"PASS wrong\r\n")
    until(lambda: b"login-failed" in server.log.read_bytes(), "popd sees that the password is wrong")
    session.reset()
    until(lambda: b"closed" in server.log.read_bytes(), "popd sees that the client is gone")


WRONG_LINES = [
    "",
    "4096",
    "4095,AAAAAAAAAAAAAAAAAAAAAA==,K,K",
    "1000001,AAAAAAAAAAAAAAAAAAAAAA==,K,K",
    "4294971392,AAAAAAAAAAAAAAAAAAAAAA==,K,K",
    "-4096,AAAAAAAAAAAAAAAAAAAAAA==,K,K",
    "4096,,K,K",
    "4096,AAAAAAAAAAAAAAAAAAAAAA=,K,K",
    "4096," + "AAAA" * 22 + ",K,K",
    "4096,AAAAAAAAAAAAAAAAAAAAAA==,K",
    "4096,AAAAAAAAAAAAAAAAAAAAAA==,K,AAAA",
    "4096,AAAAAAAAAAAAAAAAAAAAAA==,AAAA,K",
    "4096,AAAAAAAAAAAAAAAAAAAAAA==,K,K,",
    "4096,AAAAAAAAAAAAAAAAAAAAAA==,K,K,K",
    "4096,AAAAAAAAAAAAAAAAAAAAAA==,K,K ",
    "4096,AAAAAAAAAAAAAAAAAAAAAA==,K,K*",
]


def fails(tmp_path, *options, line=f"alice:{{PLAIN}}{PASSWORD}"):
    users = tmp_path / "users"
    users.write_text(f"{line}\n")
    users.chmod(0o600)
    command = [program("popd"), "--root", str(tmp_path), "--users", str(users), "--listen", "127.0.0.1:0", *options]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode not in (0, 99) and done.returncode > 0, done.stderr
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("line", WRONG_LINES)
def test_wrong_scram_line(tmp_path, line):
    key = "A" * 43 + "="
    status, said = fails(tmp_path, line="alice:{SCRAM-SHA-256}" + line.replace("K", key))
    assert status == 78 and "users:1: " in said and "--hash-password" in said


@pytest.mark.parametrize("digest", ["", "ab", "0" * 63, "0" * 65, "g" * 64, "0" * 63 + " "])
def test_wrong_token_line(tmp_path, digest):
    status, said = fails(tmp_path, line="alice:{BEARER-SHA256}" + digest)
    assert status == 78 and "users:1: " in said and "SHA-256" in said


@pytest.mark.parametrize("names", ["", ",", "PLAIN,", ",PLAIN", "PLAIN,NTLM", "PLAINS", "PLAI", "PLAIN LOGIN"])
def test_wrong_mechanisms(tmp_path, names):
    status, said = fails(tmp_path, "--mechanisms", names)
    assert status == 64 and "--mechanisms" in said and "SCRAM-SHA-256-PLUS" in said


def test_wrong_certificates(tmp_path, certificates):
    good = certificates.server
    for cert, key, named in (
        (good.cert, tmp_path / "none", "none"),
        (tmp_path / "none", good.key, "none"),
        (good.key, good.key, str(good.key)),
        (good.cert, good.cert, str(good.cert)),
        (certificates.second.cert, good.key, "does not belong"),
    ):
        status, said = fails(tmp_path, "--cert", str(cert), "--key", str(key))
        assert status == 78 and named in said
    for options in (["--cert", str(good.cert)], ["--key", str(good.key)], ["--listen-tls", "127.0.0.1:0"]):
        status, said = fails(tmp_path, *options)
        assert status == 64 and "--cert FILE" in said and "--key FILE" in said


PASSWORDS = b"SASL SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN"
HASHES = b"SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"
TOKENS = b"SASL OAUTHBEARER XOAUTH2"


def offered(server, certificates):
    """What CAPA says of SASL and of USER, and whether APOP is offered."""
    with SecureDialogue(server.tls_port, certificates.ca.cert) as session:
        rows = session.listing(b"CAPA")
        return [row for row in rows if row.startswith(b"SASL")], b"USER" in rows, b"<" in session.greeting


def test_usual_mechanisms(popd, certificates):
    """All that serve a user of the file and cannot fail one of them with the right password; nothing before TLS."""
    plain, hashed, token = f"alice:{{PLAIN}}{PASSWORD}", f"bob:{hashed_by_popd(HASHED)}", token_line("carol")
    for lines, expected in (
        ([plain], ([PASSWORDS], True, True)),
        ([hashed], ([HASHES], True, False)),
        ([token], ([TOKENS], False, False)),
        ([plain, hashed], ([HASHES], True, False)),
        ([plain, token], ([PASSWORDS.replace(b" CRAM", TOKENS[4:] + b" CRAM")], True, True)),
        ([hashed, token], ([HASHES.replace(b" PLAIN", TOKENS[4:] + b" PLAIN")], True, False)),
    ):
        server = popd(certificate=certificates.server, lines=lines, cleartext=False)
        assert offered(server, certificates) == expected
        with Dialogue(server.port) as session:
            rows = session.listing(b"CAPA")
            assert b"STLS" in rows and b"USER" not in rows and not any(row.startswith(b"SASL") for row in rows)


def test_sighup_offers_what_the_users_need(popd, certificates):
    """The first user with a token makes the mechanisms for tokens appear, the last with a password takes his with him."""
    server = popd(certificate=certificates.server, lines=[f"alice:{{PLAIN}}{PASSWORD}"], cleartext=False)
    with SecureDialogue(server.tls_port, certificates.ca.cert) as early:
        (server.folder / "users").write_text(token_line("alice") + "\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: offered(server, certificates) == ([TOKENS], False, False), "the offer follows the users")
        assert attempt(early, "OAUTHBEARER", "alice", TOKEN)[-1].startswith(b"+OK"), "sessions under way know it, too"


def test_uneven_keys_are_told(popd, certificates):
    """By other iterations than the rest a name can be told from one that is not there."""
    line = "{SCRAM-SHA-256}%d,AAAAAAAAAAAAAAAAAAAAAA==," + ",".join(["A" * 43 + "="] * 2)
    server = popd(lines=["alice:" + line % 4096, "bob:" + line % 4097], certificate=certificates.server)
    assert b"different iterations" in server.log.read_bytes()
    server = popd(lines=["alice:" + line % 4097, "bob:" + line % 4097], certificate=certificates.server)
    assert b"different iterations" not in server.log.read_bytes()
