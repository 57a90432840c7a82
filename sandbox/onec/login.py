"""Basic log-in of a 1C publication: both words in UTF-8, otherwise 401 with the web server's page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from flask import Response, request

USER, PASSWORD = "sandbox", "sandbox"
REALM = 'Basic realm="1C:Enterprise 8.3"'


def basic(user: str = USER, password: str = PASSWORD) -> Callable[[], Response | None]:
    """What to call before a request: None lets it in."""

    def admit() -> Response | None:
        kind, _, word = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(word, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if kind.lower() == "basic" and given == f"{user}:{password}":
            return None
        page = "<html><head><title>401 Unauthorized</title></head><body>401 - Unauthorized</body></html>"
        return Response(page, 401, {"WWW-Authenticate": REALM}, content_type="text/html; charset=utf-8")

    return admit
