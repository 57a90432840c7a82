"""`/files/…`: files of the journal at addresses that only we can make, for a while: for the CRM and for messengers.

Whoever has the address has the file, as with a picture that was sent to them; nobody can guess or change one. All is
handed out to be saved, never to be shown: a page or a drawing with a script in it must not run under our address.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Final
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, abort, request, send_file

from provodka.stores import Blobs

LIFE: Final = timedelta(days=7)
"""How long an address lives: longer than a CRM is ever down, shorter than anybody keeps a leaked one."""
ANY: Final = "application/octet-stream"
_KIND: Final = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,80}")
_TOKEN: Final = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{64})-([0-9a-f]{64})")
_NOT_A_NAME: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
_LONGEST: Final = 150


class SignedFiles:
    """`provodka.channel.PublicFiles`: addresses under `public_url`, signed with a key that comes of the journal's."""

    def __init__(self, public_url: str, key: bytes, now: Callable[[], datetime]) -> None:
        self._base = f"{public_url}/files"
        self._key = _own_key(key)
        self._now = now

    def url(self, sha256: str, name: str, content_type: str) -> str:
        """Ends with the file's name: some who fetch it go by that."""
        until = f"{int((self._now() + LIFE).timestamp()):x}"
        name, kind = _plain_name(name), _plain_kind(content_type)
        mark = _mark(self._key, until, sha256, kind, name)
        return f"{self._base}/{until}-{sha256}-{mark}/{quote(name, safe='')}?{urlencode({'type': kind})}"


def files(key: bytes, blobs: Blobs, now: Callable[[], datetime]) -> Blueprint:
    """The route that serves such addresses. One that is not ours is not found, one that is over is gone."""
    blueprint, own = Blueprint("files", __name__), _own_key(key)

    @blueprint.get("/files/<token>/<name>")
    def file(token: str, name: str) -> Response:
        found, kind = _TOKEN.fullmatch(token), request.args.get("type", "")
        if found is None:
            abort(404)
        until, body_hash, mark = found.groups()
        if not hmac.compare_digest(mark, _mark(own, until, body_hash, kind, name)):
            abort(404)
        if datetime.fromtimestamp(int(until, 16), UTC) < now():
            abort(410)
        body = blobs.blob(body_hash)
        if body is None:
            abort(410)
        response = send_file(BytesIO(body), mimetype=kind, as_attachment=True, download_name=name, etag=body_hash)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.headers["Cache-Control"] = "private, max-age=3600"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return blueprint


def _own_key(key: bytes) -> bytes:
    """Apart from what else the journal's key is good for."""
    return hmac.digest(key, b"addresses of files", "sha256")


def _mark(key: bytes, until: str, body_hash: str, kind: str, name: str) -> str:
    text = "\n".join((until, body_hash, kind, name))
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _plain_name(name: str) -> str:
    """One that is a single part of a path; its ending survives where it has to be cut."""
    plain = _NOT_A_NAME.sub("_", name.encode("utf-8", "replace").decode()).strip(" .") or "file"
    if len(plain) <= _LONGEST:
        return plain
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: _LONGEST - 12]}{dot}{ending[:10]}" if dot else plain[:_LONGEST]


def _plain_kind(content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    return kind if _KIND.fullmatch(kind) else ANY
