"""Certificates of 127.0.0.1 and their keys, made by OpenSSL."""

import ssl
import subprocess
from pathlib import Path


def make(directory: Path, password: str = "") -> tuple[Path, Path]:
    """Write a new certificate and its key, encrypted if there is a password; return their paths."""
    certificate, key = directory / "certificate", directory / "key"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    encrypted = ["-passout", f"pass:{password}"] if password else ["-nodes"]
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", *made, *encrypted, "-days", "2", *subject]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - written here
    return certificate, key


def trusting(*certificates: Path) -> ssl.SSLContext:
    """Return what a client needs that trusts these certificates and no others."""
    context = ssl.create_default_context(cadata="".join(path.read_text() for path in certificates))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which a certificate that signs itself does not meet everywhere
    return context
