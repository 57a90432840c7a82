"""Printed forms: OData calls no print command, but reads the files that an extension of 1C attaches to a document."""

from __future__ import annotations

import base64
import zlib
from typing import Final

from connectors.onec.odata.base import ALIVE, Base
from connectors.onec.odata.query import Row, every, guid
from provodka.accounting import DocumentKind

LARGEST: Final = 20 * 1024 * 1024
_STORAGE: Final = "ФайлХранилище"


def printed(base: Base, kind: DocumentKind, ref: str) -> bytes | None:
    """The newest PDF attached to a document; None where there is none, or 1C keeps it in a folder of its own."""
    for paper in base.names.papers(kind):
        if not paper.files or not base.schema.has(paper.files, "ВладелецФайла"):
            continue
        owner = base.schema.property(paper.files, "ВладелецФайла")
        rows = base.client.rows(paper.files, where=every(f"{owner} eq {guid(ref)}", ALIVE))
        for row in sorted(rows, key=lambda one: str(one.get("ДатаСоздания") or ""), reverse=True):
            is_pdf = str(row.get("Расширение") or "").lower().lstrip(".") == "pdf"
            if is_pdf and (body := _body(base, paper.files, row)):
                return body
    return None


def _body(base: Base, name: str, row: Row) -> bytes | None:
    """Some bases keep files packed; what is no PDF then is none."""
    whole = row if row.get(f"{_STORAGE}_Base64Data") else base.client.one(name, str(row["Ref_Key"])) or {}
    try:
        found = base64.b64decode(str(whole.get(f"{_STORAGE}_Base64Data") or ""))
    except ValueError:
        return None
    for body in (found, *_unpacked(found)):
        if body.startswith(b"%PDF"):
            return body
    return None


def _unpacked(body: bytes) -> list[bytes]:
    found = []
    for bits in (-zlib.MAX_WBITS, zlib.MAX_WBITS):
        try:
            found.append(zlib.decompressobj(bits).decompress(body, LARGEST))
        except zlib.error:
            continue
    return found
