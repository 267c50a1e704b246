"""Our TLS against OpenSSL's: handshakes in both roles, channel bindings that both sides compute, and signatures of all
kinds for tls-server-end-point (RFC 5929 section 4.1).

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT

Usage: test_openssl.py PEER [unittest arguments]; PEER is the program made of peer.c.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import unittest

PEER = sys.argv.pop(1)
LABEL = "EXPORTER-Channel-Binding"
EXPORT = ["-keymatexport", LABEL, "-keymatexportlen", "32", "-msg"]
SECONDS = 30

KEYS = {
    "rsa": ["-newkey", "rsa:2048"],
    "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ec384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ed25519": ["-newkey", "ed25519"],
}
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1"]

folder = None


def certificate(name, key, *options):
    """A self-signed certificate for pop.example: paths of certificate and key."""
    cert, secret = (os.path.join(folder, name + end) for end in (".pem", ".key"))
    subprocess.run(["openssl", "req", "-x509", "-nodes", *KEYS[key], *options, "-keyout", secret, "-out", cert,
                    "-days", "2", "-subj", "/CN=pop.example", "-addext", "subjectAltName=DNS:pop.example"],
                   check=True, capture_output=True, timeout=SECONDS)
    return cert, secret


def der(cert):
    return subprocess.run(["openssl", "x509", "-in", cert, "-outform", "der"], check=True, capture_output=True,
                          timeout=SECONDS).stdout


def started(command):
    return subprocess.Popen(["timeout", str(SECONDS), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def tell(process, text):
    try:
        process.stdin.write(text)
        process.stdin.flush()
    except BrokenPipeError:
        pass  # It has ended already, and what it said tells why.


def until(process, pattern):
    """What the program says, up to the line that has the pattern; the match of it, or None where it ends before."""
    said = ""
    for line in process.stdout:
        said += line
        match = re.search(pattern, line)
        if match:
            return match, said
    return None, said


def finish(process):
    """The rest of what it says; `timeout` ends it where it does not end by itself."""
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass
    said = process.stdout.read()
    process.stdout.close()
    process.wait()
    return said


def facts(text):
    """Lines of peer.c as a dictionary."""
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)


def client_of_ours(cert, secret, host, *options):
    """What our client says to OpenSSL's server, and what that server says."""
    server = started(["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", cert, "-key", secret, "-alpn", "pop3",
                      *EXPORT, *options])
    match, said = until(server, r"^ACCEPT 127\.0\.0\.1:(\d+)")
    assert match, said
    ours = started([PEER, "client", match.group(1), host, cert])
    # What the server is told to say earlier than that, it says before it has printed what is wanted of it.
    _, answer = until(ours, r"^alpn ")
    tell(server, "theirs\n")
    answer += finish(ours)
    return answer, said + finish(server)


def server_of_ours(cert, secret, *options):
    """What our server says to OpenSSL's client, and what that client says."""
    ours = started([PEER, "server", cert, secret])
    match, said = until(ours, r"^port (\d+)")
    assert match, said
    client = started(["openssl", "s_client", "-connect", "127.0.0.1:" + match.group(1), "-servername", "pop.example",
                      "-CAfile", cert, "-verify_return_error", "-alpn", "pop3", *EXPORT, *options])
    tell(client, "theirs\n")
    _, answer = until(client, r"^ours$")
    answer += finish(client)
    return finish(ours), answer


def exported(text):
    match = re.search(r"Keying material: ([0-9A-F]{64})", text)
    return match.group(1) if match else None


def finished(text):
    """The first Finished message without its header (RFC 5246 section 7.4): 12 octets."""
    match = re.search(r"Finished\n\s+14 00 00 0c((?: [0-9a-f]{2}){12})\n", text)
    return match.group(1).replace(" ", "").upper() if match else None


class Handshakes(unittest.TestCase):
    def check(self, ours, theirs, cert, digest):
        said = facts(ours)
        self.assertEqual(said.get("line"), "theirs", ours + theirs)
        self.assertEqual(said["alpn"], "pop3")
        self.assertEqual(said["tls-server-end-point"], hashlib.new(digest, der(cert)).hexdigest().upper())
        return said

    def test_client(self):
        for name, key, digest in (("c1", "rsa", "sha256"), ("c2", "ec", "sha256"), ("c3", "ec384", "sha384")):
            for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"):
                with self.subTest(key=key, cipher=cipher):
                    prefix = "ECDHE-RSA-" if key == "rsa" else "ECDHE-ECDSA-"
                    cert, secret = certificate(name, key, "-" + digest)
                    ours, theirs = client_of_ours(cert, secret, "pop.example", "-tls1_2", "-cipher", prefix + cipher)
                    said = self.check(ours, theirs, cert, digest)
                    self.assertIsNotNone(exported(theirs), theirs)
                    self.assertEqual(said["tls-exporter"], exported(theirs))
                    self.assertIsNotNone(finished(theirs), theirs)
                    self.assertEqual(said["tls-unique"], finished(theirs))
                    self.assertIn("closed", ours)

    def test_server(self):
        for name, key, digest in (("s1", "rsa", "sha256"), ("s2", "ec384", "sha512")):
            for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384"):
                with self.subTest(key=key, cipher=cipher):
                    cert, secret = certificate(name, key, "-" + digest)
                    ours, theirs = server_of_ours(cert, secret, "-tls1_2", "-cipher",
                                                  "ECDHE-%s-%s" % ("RSA" if key == "rsa" else "ECDSA", cipher))
                    said = self.check(ours, theirs, cert, digest)
                    self.assertIsNotNone(exported(theirs), theirs)
                    self.assertEqual(said["tls-exporter"], exported(theirs))
                    self.assertIsNotNone(finished(theirs), theirs)
                    self.assertEqual(said["tls-unique"], finished(theirs))
                    self.assertEqual(said["eof"], "EPOP_OK")
                    self.assertIn("ours", theirs)

    def test_no_weak_suite(self):
        """Neither static RSA nor CBC (RFC 9325 section 4.2), in either role."""
        cert, secret = certificate("w1", "rsa")
        for cipher in ("AES128-GCM-SHA256", "AES256-SHA256", "CAMELLIA128-SHA256", "ECDHE-RSA-AES128-SHA256",
                       "ECDHE-RSA-CAMELLIA256-SHA384", "DHE-RSA-AES256-SHA256"):
            with self.subTest(cipher=cipher):
                offer = ["-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"]
                ours, theirs = client_of_ours(cert, secret, "pop.example", *offer)
                self.assertEqual(ours, "failed handshake EPOP_ERR_PEER_TLS\n")
                self.assertIn("no shared cipher", theirs)
                ours, theirs = server_of_ours(cert, secret, *offer)
                self.assertIn("failed handshake EPOP_ERR_PEER_TLS", ours)
                self.assertIn("alert handshake failure", theirs)

    def test_curves(self):
        """X25519 and P-256 are preferred; others remain."""
        cert, secret = certificate("v1", "rsa")
        _, theirs = client_of_ours(cert, secret, "pop.example", "-tls1_2")
        match = re.search(r"^Supported groups: (.*)$", theirs, re.M)
        self.assertTrue(match, theirs)
        self.assertEqual([name.lower() for name in match.group(1).split(":")][:2], ["x25519", "secp256r1"])
        for offer, taken in (("P-521:P-256:X25519", "X25519"), ("P-521:P-256", "prime256v1"), ("P-384", "secp384r1")):
            with self.subTest(offer=offer):
                _, theirs = server_of_ours(cert, secret, "-tls1_2", "-groups", offer)
                self.assertRegex(theirs, "Server Temp Key: (ECDH, )?" + taken)

    def test_without_extended_master_secret(self):
        """The master secret may be that of another connection, too: no exporter, and no tls-unique."""
        config = os.path.join(folder, "no-ems.cnf")
        with open(config, "w", encoding="ascii") as file:
            file.write("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                       "Options = -ExtendedMasterSecret\n")
        cert, secret = certificate("e1", "ec")
        os.environ["OPENSSL_CONF"] = config
        try:
            for ours, theirs in (client_of_ours(cert, secret, "pop.example", "-tls1_2"),
                                 server_of_ours(cert, secret, "-tls1_2")):
                said = self.check(ours, theirs, cert, "sha256")
                self.assertIsNotNone(exported(theirs), theirs)
                self.assertEqual(said["tls-exporter"], "none")
                self.assertEqual(said["tls-unique"], "none")
        finally:
            del os.environ["OPENSSL_CONF"]

    def test_wrong_host(self):
        cert, secret = certificate("h1", "ec")
        ours, theirs = client_of_ours(cert, secret, "imap.example", "-tls1_2")
        self.assertEqual(ours, "failed handshake EPOP_ERR_PEER_CERTIFICATE\n")
        self.assertIn("alert", theirs)

    def test_tls_1_1(self):
        cert, secret = certificate("o1", "rsa")
        weak = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]
        ours, _ = client_of_ours(cert, secret, "pop.example", *weak)
        self.assertEqual(ours, "failed handshake EPOP_ERR_PEER_TLS\n")
        ours, theirs = server_of_ours(cert, secret, *weak)
        self.assertIn("failed handshake EPOP_ERR_PEER_TLS", ours)
        self.assertIn("alert protocol version", theirs)


class Signatures(unittest.TestCase):
    def check(self, expected, key, *options):
        with self.subTest(key=key, options=options):
            cert, _ = certificate("signature", key, *options)
            path = os.path.join(folder, "signature.der")
            with open(path, "wb") as file:
                file.write(der(cert))
            said = subprocess.run([PEER, "signature", path], check=True, capture_output=True, text=True,
                                  timeout=SECONDS).stdout
            self.assertEqual(said.strip(), expected)

    def test_own_hash(self):
        for bits in ("224", "256", "384", "512"):
            self.check(bits, "rsa", "-sha" + bits)
            self.check(bits, "ec", "-sha" + bits)
            self.check(bits, "rsa", "-sha" + bits, *PSS)

    def test_old_hashes_become_sha_256(self):
        self.check("256", "rsa", "-sha1")
        self.check("256", "rsa", "-md5")
        self.check("256", "ec", "-sha1")
        self.check("256", "rsa", "-sha1", *PSS)

    def test_none(self):
        self.check("none", "ed25519")

    def test_cut(self):
        """A certificate without its end is not one, and nothing behind it is read."""
        cert, _ = certificate("cut", "ec")
        whole = der(cert)
        path = os.path.join(folder, "cut.der")
        for length in range(0, len(whole), 3):
            with open(path, "wb") as file:
                file.write(whole[:length])
            said = subprocess.run([PEER, "signature", path], check=True, capture_output=True, text=True,
                                  timeout=SECONDS).stdout
            self.assertEqual(said, "none\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        unittest.main()
