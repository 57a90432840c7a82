"""Files of user fields, comments, activities and the disk: names and sizes are kept, contents in memory only."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.bitrix24.call import Call
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.schema import Field

MAX_KEPT = 1_000_000


def store_file(call: Call, name: str, content: str | bytes, **more: object) -> Json:
    """A stored file; `content` is base64 text or the bytes themselves. Wrong base64 counts as an empty file."""
    raw = content if isinstance(content, bytes) else _decoded(content)
    number = call.store.new_id("files")
    row = {
        "id": number,
        "name": name or f"file{number}",
        "size": len(raw),
        "created": call.now,
        "author": call.user_id,
        "content": base64.b64encode(raw[:MAX_KEPT]).decode(),
        **more,
    }
    call.store.put("files", number, row)
    return row


def read_pair(raw: Any) -> tuple[str, str] | None:  # noqa: ANN401  # any JSON
    """Name and base64 out of `["a.pdf", "…"]` or `{"fileData": […]}`."""
    if isinstance(raw, dict) and "fileData" in raw:
        raw = raw["fileData"]
    if isinstance(raw, list) and len(raw) == 1 and isinstance(raw[0], list):
        raw = raw[0]
    found = rows(raw)
    if len(found) < 2 or not isinstance(found[1], str):
        return None
    return text(found[0]), found[1]


def store_files(call: Call, field: Field, raw: Any, held: Any) -> Any:  # noqa: ANN401  # any JSON
    """The new value of a file field; `{"id": 433}` keeps a file, an empty value removes it."""
    wanted = rows(raw) if field.multiple and read_pair(raw) is None else [raw]
    known = {one["id"]: one for one in (held if isinstance(held, list) else [held]) if one}
    found = []
    for one in wanted:
        if pair := read_pair(one):
            found.append(_shown(call, store_file(call, *pair)))
        elif isinstance(one, dict) and whole(one.get("id")) in known:
            found.append(known[whole(one["id"])])
    return found if field.multiple else next(iter(found), None)


def link(call: Call, number: int) -> str:
    """An address that gives the file's bytes."""
    return f"{call.base}/rest/download.json?token=disk%7C{number}"


def _shown(call: Call, row: Json) -> Json:
    return {"id": row["id"], "url": link(call, row["id"]), "urlMachine": link(call, row["id"])}


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=False)
    except (binascii.Error, ValueError):
        return b""
