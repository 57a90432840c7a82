"""The addresses that files are posted to and read from; their tokens come out of earlier answers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, request

from sandbox.bitrix24 import api_disk, api_telephony, files
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.params import clean, whole

if TYPE_CHECKING:
    from sandbox.bitrix24.app import Bitrix24

FIELD = "file"


class Uploads:
    """`/rest/upload.json` and `/rest/download.json` of one portal."""

    def __init__(self, portal: Bitrix24) -> None:
        self.portal = portal

    def upload(self) -> Response:
        """A multipart POST with the file in `file`; the answer is that of the method that gave the address."""
        kind, _, rest = request.args.get("token", "").partition("|")
        posted = request.files.get(FIELD)
        if posted is None:
            raise RestError("ERROR_FILE_NOT_FOUND", "File is not uploaded")
        name, content = clean(posted.filename or "file"), posted.read()
        with self.portal.store.lock:
            try:
                result = self._take(kind, rest, name, content)
            finally:
                self.portal.sender.post(self.portal.events.take())
        return Response(json.dumps({"result": result}), content_type="application/json; charset=utf-8")

    def _take(self, kind: str, rest: str, name: str, content: bytes) -> Json:
        call = self.portal.page_call(self.portal.seed.app_user)
        if kind == "disk":
            return api_disk.upload(call, whole(rest), name, content)
        number, _, wanted = rest.partition("|")
        row = self.portal.store.get("calls", number)
        stat = self.portal.store.get("stats", row["stat"] or 0) if row else None
        if kind != "telephony" or stat is None:
            raise RestError("ERROR_ARGUMENT", "Wrong upload token", 403)
        return api_telephony.attach(call, stat, files.store_file(call, wanted or name, content), "")

    def download(self) -> Response:
        kind, _, number = request.args.get("token", "").partition("|")
        with self.portal.store.lock:
            row = self.portal.store.get("files", whole(number)) if kind == "disk" else None
        if row is None:
            return Response("not found", 404, content_type="text/plain")
        name = f"attachment; filename*=utf-8''{quote(row['name'])}"
        headers = {"Content-Disposition": name}
        return Response(base64.b64decode(row["content"]), headers=headers, content_type="application/octet-stream")


def add_upload_routes(portal: Bitrix24) -> None:
    """Register both addresses, which go before the methods of that name."""
    uploads = Uploads(portal)
    portal.app.add_url_rule("/rest/upload.json", view_func=uploads.upload, methods=["POST"])
    portal.app.add_url_rule("/rest/download.json", view_func=uploads.download)
