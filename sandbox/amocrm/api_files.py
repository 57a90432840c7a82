"""The files service at the account's `drive_url`: upload in parts, versions, the bin; and files of cards."""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from dataclasses import dataclass, field
from pathlib import PurePath
from urllib.parse import quote

from flask import Response, request

from sandbox.amocrm import filters
from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Card, Json
from sandbox.amocrm.problems import Checks, Problem, missing
from sandbox.amocrm.records import FileVersion, StoredFile

MAX_FILE = 300 * 1024 * 1024
MAX_PART = 128 * 1024
MIME = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


def _of_extensions(raw: object) -> filters.Test:
    wanted = {one.lower().lstrip(".") for one in values(raw)}
    return lambda row: PurePath(row.name).suffix.lower().lstrip(".") in wanted


def _with_term(raw: object) -> filters.Test:
    needle = "".join(values(raw)).lower()
    return lambda row: needle in row.name.lower()


FILTERS: dict[str, filters.Maker] = {
    "uuid": filters.one_of("id"),
    "name": filters.one_of("name"),
    "source_id": filters.one_of("source_id"),
    "extensions": _of_extensions,
    "term": _with_term,
    "size": filters.spaced_by(lambda row: row.newest.size),
    "date": filters.spaced("created_at"),
    "updated_at": filters.spaced("updated_at"),
    "created_at": filters.spaced("created_at"),
}
KINDS = {"image": "image", "video": "video", "audio": "audio", "text": "document"}
DOCUMENTS = ("pdf", "msword", "officedocument", "opendocument", "ms-excel", "ms-powerpoint")


@dataclass(slots=True)
class Upload:
    """A session: what was announced, and what has come so far."""

    id: int
    name: str
    size: int
    content_type: str
    file_uuid: str | None
    got: bytearray = field(default_factory=bytearray)


class Drive:
    """The open upload sessions of one account, by the token in their next address."""

    def __init__(self) -> None:
        self.uploads: dict[str, Upload] = {}

    def open_session(self, call: Call) -> Json:
        """`POST /v1.0/sessions`: name and size are required; `file_uuid` makes a new version of a file."""
        _need(call)
        item, checks = call.item(), Checks()
        if not isinstance(item.get("file_name"), str) or not item["file_name"]:
            checks.fail("file_name", "FieldMissing")
        size = item.get("file_size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            checks.fail("file_size", "FieldMissing" if size is None else "InvalidType")
        elif size > MAX_FILE:
            checks.fail("file_size", "TooLarge", "The file is too large.")
        if item.get("file_uuid") is not None:
            checks.choice(item, "file_uuid", call.store.files)
        checks.finish()
        kind = item.get("content_type")
        content_type = kind if isinstance(kind, str) and MIME.fullmatch(kind) else "application/octet-stream"
        number = call.store.new_id("upload_sessions")
        upload = Upload(number, item["file_name"], size or 0, content_type, item.get("file_uuid"))
        return {
            "session_id": upload.id,
            "upload_url": self._address(call, upload),
            "max_file_size": MAX_FILE,
            "max_part_size": MAX_PART,
        }

    def take_part(self, call: Call, token: str) -> tuple[Json, int]:
        """`POST /v1.0/upload/<token>`: raw bytes; 202 with the next address, and 200 with the file after the last."""
        _need(call)
        upload, part = self.uploads.get(token), request.get_data()
        if upload is None:
            raise missing("Upload session not found")
        if len(part) > MAX_PART:
            raise Problem(413, f"A part holds at most {MAX_PART} bytes")
        if not part or len(upload.got) + len(part) > upload.size:
            raise Problem(400, "The parts do not make the announced size")
        del self.uploads[token]
        upload.got += part
        if len(upload.got) < upload.size:
            return {"session_id": upload.id, "next_url": self._address(call, upload)}, 202
        return show(call, _keep(call, upload)), 200

    def _address(self, call: Call, upload: Upload) -> str:
        token = secrets.token_urlsafe(48)
        self.uploads[token] = upload
        return f"{call.base}/v1.0/upload/{token}"


def list_files(call: Call) -> Json | None:
    """`GET /v1.0/files`: those not in the bin; `filter[deleted]=1` for those in it."""
    _need(call)
    wanted = call.filters()
    gone = str(wanted.get("deleted", "")) in ("1", "true")
    rows = [row for row in call.store.files.values() if (row.deleted_at is not None) == gone]
    found = filters.apply(rows, wanted, FILTERS)
    page = call.listing("files", found, lambda row: show(call, row))
    return page and {"_count": len(found), **page}


def get_file(call: Call, file_uuid: str) -> Json:
    """`GET /v1.0/files/{uuid}`."""
    return show(call, _known(call, file_uuid))


def change_file(call: Call, file_uuid: str) -> Json:
    """`PATCH /v1.0/files/{uuid}`: the name, or which version is the one in use."""
    row, item, checks = _known(call, file_uuid), call.item(), Checks()
    if "name" in item or "version_uuid" not in item:
        checks.name(item)
    version = next((one for one in row.versions if one.uuid == item.get("version_uuid")), None)
    if "version_uuid" in item and version is None:
        checks.fail("version_uuid", "NotSupportedChoice")
    checks.finish()
    row.name = item.get("name") or row.name
    if version is not None:
        row.versions = [*(one for one in row.versions if one is not version), version]
    row.updated_at, row.updated_by = call.now, call.user_id
    call.store.touch("files", row.id)
    return show(call, row)


def delete_file(call: Call, file_uuid: str) -> None:
    """`DELETE /v1.0/files/{uuid}`: into the bin."""
    _bin(call, [_known(call, file_uuid)], call.now)


def delete_files(call: Call) -> None:
    """`DELETE /v1.0/files` with `[{uuid}]`."""
    _bin(call, [_known(call, item.get("uuid")) for _, item in call.items()], call.now)


def restore_files(call: Call) -> Json:
    """`POST /v1.0/files/restore` with `[{uuid}]`."""
    rows = [_known(call, item.get("uuid")) for _, item in call.items()]
    _bin(call, rows, None)
    return call.created("files", [show(call, row) for row in rows])


def list_versions(call: Call, file_uuid: str) -> Json:
    """`GET /v1.0/files/{uuid}/versions`, the newest first."""
    row = _known(call, file_uuid)
    shown = [
        {
            "uuid": one.uuid,
            "version_uuid": one.uuid,
            "file_uuid": row.id,
            "name": one.name,
            "size": one.size,
            "created_at": one.created_at,
            "created_by": {"id": one.created_by, "type": "user"},
            "_links": {"download": {"href": _download(call, row, one)}},
        }
        for one in reversed(row.versions)
    ]
    return {"_count": len(shown), "_links": {"self": {"href": call.href()}}, "_embedded": {"versions": shown}}


def download(call: Call, file_uuid: str, version_uuid: str) -> Response:
    """The bytes of one version, to everybody who knows the address: the links are long and not to be guessed."""
    row = call.store.files.get(file_uuid)
    version = next((one for one in row.versions if one.uuid == version_uuid), None) if row else None
    if version is None:
        raise missing("File not found")
    response = Response(base64.b64decode(version.data), content_type=version.content_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(version.name)}"
    return response


def list_of_card(call: Call, entity: str, card_id: int) -> Json | None:
    """`GET /{entity}/{id}/files`."""
    card = _card(call, entity, card_id, "view")
    rows = [{"file_uuid": one, "id": place} for place, one in enumerate(card.files, 1)]
    return call.listing("files", rows, lambda row: row)


def attach(call: Call, entity: str, card_id: int) -> Json:
    """`PUT /{entity}/{id}/files` with `[{file_uuid}]`."""
    card, checks = _card(call, entity, card_id, "edit"), Checks()
    items = call.items()
    for request_id, item in items:
        checks.item(request_id)
        checks.choice(item, "file_uuid", call.store.files, required=True)
    checks.finish()
    card.files += [item["file_uuid"] for _, item in items if item["file_uuid"] not in card.files]
    call.store.save(card)
    rows = [{"file_uuid": one, "id": place} for place, one in enumerate(card.files, 1)]
    return call.created("files", rows)


def detach(call: Call, entity: str, card_id: int) -> None:
    """`DELETE /{entity}/{id}/files` with `[{file_uuid}]`; answered 204."""
    card = _card(call, entity, card_id, "edit")
    gone = {str(item.get("file_uuid")) for _, item in call.items()}
    card.files = [one for one in card.files if one not in gone]
    call.store.save(card)


def list_holders(call: Call, file_uuid: str) -> Json | None:
    """`GET /files/{uuid}/links`: the cards a file hangs on."""
    _known(call, file_uuid)
    kinds = ("leads", "contacts", "companies", "customers")
    cards = ((kind, card) for kind in kinds for card in call.store.table(kind).values())
    found = [
        {"entity_type": kind, "entity_id": card.id, "id": card.id, "_links": call.links(f"{kind}/{card.id}")}
        for kind, card in cards
        if file_uuid in card.files and call.rights.sees(card)
    ]
    return {"file_uuid": file_uuid, "entities": found} if found else None


def show(call: Call, row: StoredFile) -> Json:
    """The file model."""
    newest = row.newest
    address = _download(call, row, newest)
    return {
        "uuid": row.id,
        "type": _kind(newest.content_type),
        "is_trashed": row.deleted_at is not None,
        "name": row.name,
        "sanitized_name": PurePath(row.name).name,
        "size": newest.size,
        "source_id": row.source_id,
        "version_uuid": newest.uuid,
        "has_multiple_versions": len(row.versions) > 1,
        "created_at": row.created_at,
        "created_by": {"id": row.created_by, "type": "user"},
        "updated_at": row.updated_at,
        "updated_by": {"id": row.updated_by, "type": "user"},
        "deleted_at": row.deleted_at,
        "deleted_by": None if row.deleted_at is None else {"id": row.updated_by, "type": "user"},
        "metadata": {"extension": PurePath(row.name).suffix.lstrip("."), "mime_type": newest.content_type},
        "previews": None,
        "_links": {
            "download": {"href": address},
            "download_version": {"href": address},
            "self": {"href": f"{call.base}/v1.0/files/{row.id}"},
        },
    }


def _download(call: Call, row: StoredFile, version: FileVersion) -> str:
    return f"{call.base}/download/{row.id}/{version.uuid}/{quote(PurePath(version.name).name)}"


def _kind(content_type: str) -> str:
    if any(word in content_type for word in DOCUMENTS):
        return "document"
    return KINDS.get(content_type.partition("/")[0], "file")


def _keep(call: Call, upload: Upload) -> StoredFile:
    data = base64.b64encode(upload.got).decode()
    size, kind = len(upload.got), upload.content_type
    version = FileVersion(str(uuid.uuid4()), upload.name, size, kind, call.now, call.user_id, data)
    known = call.store.files.get(upload.file_uuid or "")
    if known is not None:
        known.versions.append(version)
        known.updated_at, known.updated_by = call.now, call.user_id
        call.store.touch("files", known.id)
        return known
    user, now = call.user_id, call.now
    row = StoredFile(str(uuid.uuid4()), upload.name, [version], user, now, now, user)
    call.store.add("files", row)
    return row


def _bin(call: Call, rows: list[StoredFile], when: int | None) -> None:
    for row in rows:
        row.deleted_at, row.updated_by = when, call.user_id
        call.store.touch("files", row.id)


def _known(call: Call, file_uuid: object) -> StoredFile:
    _need(call)
    row = call.store.files.get(str(file_uuid))
    if row is None:
        raise missing("File not found")
    return row


def _need(call: Call) -> None:
    call.rights.need_access("files_access")


def _card(call: Call, entity: str, card_id: int, action: str) -> Card:
    card: Card | None = call.store.table(entity).get(card_id)
    if card is None:
        raise missing("Element not found")
    call.rights.need(action, card)
    return card
