"""What the connectors' tests share."""

import shutil
import subprocess
from pathlib import Path

import pytest

from provodka.operation import Request
from tests.connectors.memory_store import MemoryStore


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def ask():
    """Requests with keys of their own."""

    def make(*params, since=None, prefix="key"):
        return [Request(f"{prefix}-{number}", one, since) for number, one in enumerate(params)]

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    options = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", *options, *files], check=True, capture_output=True)
    return folder / "cert.pem"
