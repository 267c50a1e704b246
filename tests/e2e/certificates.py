"""Certificates for the tests, made by the openssl command: one authority, and servers that are right or wrong.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import subprocess

from peers import peer

ALT_NAMES = "DNS:localhost,IP:127.0.0.1"


class Certificate:
    """The paths of a certificate (with its chain) and of its key, both PEM."""

    def __init__(self, folder, name):
        self.cert = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"

    def options(self):
        return ["--cert", str(self.cert), "--key", str(self.key)]


class Certificates:
    """`ca` signs `server`, `second`, `expired`, `early` and `wrong_name`; `self_signed` stands alone; `other_ca` has
    signed `other`, which is right but for that."""

    def __init__(self, folder):
        self.folder = folder
        self.binary = peer("openssl")
        self.ca = self._authority("ca")
        self.other_ca = self._authority("other-ca")
        self.server = self._signed("server")
        self.second = self._signed("second")
        self.wrong_name = self._signed("wrong-name", "DNS:pop.example.net")
        self.expired = self._signed("expired", dates=("20200101000000Z", "20210101000000Z"))
        self.early = self._signed("early", dates=("20990101000000Z", "20991231000000Z"))
        self.other = self._signed("other", by=self.other_ca)
        self.self_signed = self._self_signed("self-signed", f"subjectAltName={ALT_NAMES}")

    def named(self, *hosts):
        """One that is right, for these names."""
        return self._signed(hosts[0], ",".join(f"DNS:{host}" for host in hosts))

    def _run(self, *args):
        done = subprocess.run([self.binary, *map(str, args)], capture_output=True, cwd=self.folder, timeout=60)
        assert done.returncode == 0, f"openssl {args}: {done.stderr.decode(errors='replace')}"

    def _key(self, *where):
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *where)

    def _self_signed(self, name, *extensions):
        made = Certificate(self.folder, name)
        added = [part for extension in extensions for part in ("-addext", extension)]
        self._key("-x509", "-days", "30", "-subj", f"/CN={name}", *added, "-keyout", made.key, "-out", made.cert)
        return made

    def _authority(self, name):
        # req makes a certificate of an authority where it is not told otherwise.
        return self._self_signed(name, "keyUsage=critical,keyCertSign,cRLSign")

    def _signed(self, name, names=ALT_NAMES, by=None, dates=None):
        by = by or self.ca
        made = Certificate(self.folder, name)
        request = self.folder / f"{name}.csr"
        self._key("-subj", f"/CN={name}", "-keyout", made.key, "-out", request)
        signer = ["-cert", by.cert, "-keyfile", by.key]
        self._run(*self._ca(name, names, dates), *signer, "-in", request, "-out", made.cert)
        return made

    def _ca(self, name, names, dates):
        """openssl ca, because it alone can date a certificate into the past."""
        database = self.folder / f"{name}.index"
        database.write_text("")
        config = self.folder / f"{name}.cnf"
        config.write_text(
            f"[ca]\ndefault_ca=c\n[c]\ndatabase={database}\nnew_certs_dir={self.folder}\n"
            f"default_md=sha256\nrand_serial=yes\npolicy=p\nx509_extensions=x\nunique_subject=no\n"
            f"[p]\ncommonName=supplied\n"
            f"[x]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName={names}\n"
        )
        when = ["-startdate", dates[0], "-enddate", dates[1]] if dates else ["-days", "30"]
        return ["ca", "-batch", "-notext", "-config", config, *when]
