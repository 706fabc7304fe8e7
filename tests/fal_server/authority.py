"""The certificate authority that vouches for fal's host names on loopback."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from pathlib import Path

import trustme

PLANES = {
    "queue.fal.run": "queue",
    "fal.run": "run",
    "rest.fal.ai": "rest",
    "api.fal.ai": "api",
    "v3.fal.media": "media",
    "v3b.fal.media": "media",
}
ELSEWHERE = "files.elsewhere.example"
"""Where redirects lead to: no host of fal's."""
BACKUP_PLANES = {"queue.falrun.com": "queue", "falrun.com": "run"}


class Authority:
    """Own a certificate for every host of fal, and the file that makes a client trust it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fal-server-"))
        authority = trustme.CA()
        self.ca_file = self._folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["http/1.1"])
        names = [*PLANES, *BACKUP_PLANES, ELSEWHERE, "localhost", "127.0.0.1"]
        authority.issue_cert(*names).configure_cert(self.context)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
