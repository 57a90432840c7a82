"""Files: uploaded to amoCRM's files service in parts, hung on a card, shown in its feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from connectors.amocrm.client import Client, Json, embedded
from connectors.amocrm.directory import ENTITIES, NO_DRIVE
from connectors.amocrm.patching import ROBOT, number
from connectors.amocrm.room import Room
from connectors.crm.account import CLOCKS, earliest
from connectors.crm.batching import claimed
from connectors.oauth import not_carried_out
from provodka.crm import CardFile, CardRef, NewFile
from provodka.errors import Ambiguous, ConnectorError, RateLimited, Rejected, Retryable
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Attachment

PART: Final = 131072  # bytes; the session's answer may allow more
SERVICE: Final = "/v1.0"
NO_BYTES: Final = "Файл «{name}» не сохранён у нас (пустой, больше предела или уже удалён): приложите его вручную."
TOO_LARGE: Final = "Файл «{name}» больше, чем принимает amoCRM ({limit} МБ)."
CARD_GONE: Final = "Карточки, к которой относится файл, нет в amoCRM: её удалили или объединили с другой."


class Files:
    """`attach_files` and `files` of one account. `open_at` makes a client for the service's address."""

    def __init__(self, room: Room, open_at: Callable[[str], Client]) -> None:
        self._room = room
        self._open_at = open_at
        self._drives: dict[str, Client] = {}

    def close(self) -> None:
        for drive in self._drives.values():
            drive.close()

    def attach(self, requests: Sequence[Request[NewFile]]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for request in requests:
            try:
                outcomes.append(self._attach(request.params))
            except ConnectorError as error:  # it is this file's own, and costs the others nothing
                outcomes.append(error)
        return outcomes

    def find(self, requests: Sequence[Request[NewFile]]) -> list[Done | None]:
        """By name and size, among the files of these cards that were uploaded since."""
        oldest = earliest(requests).timestamp() - CLOCKS
        found: dict[int, Done | None] = {}
        for card in dict.fromkeys(request.params.card for request in requests):
            mine = [i for i, request in enumerate(requests) if request.params.card == card]
            there = [item for item in self._models(card) if int(item.get("created_at") or 0) >= oldest]
            wanted = [(requests[i].params.file.name, requests[i].params.file.size) for i in mine]
            given = [((str(one.get("name")), int(one.get("size") or 0)), str(one["uuid"])) for one in there]
            found.update(zip(mine, claimed(wanted, given), strict=True))
        settled = self._room.settled(requests, [found[i] for i in range(len(requests))])
        for request, done in zip(requests, settled, strict=True):
            if done is not None:
                self._show_in_feed(request.params.card, done.remote_id, request.params.file.name)
        return settled

    def of(self, card: CardRef) -> list[CardFile]:
        """One call for the list and one for each file."""
        return [
            CardFile(str(item["uuid"]), str(item.get("name") or ""), int(item.get("size") or 0), _download(item))
            for item in self._models(card)
        ]

    def _attach(self, new: NewFile) -> Done:
        try:
            uuid = self._upload(new.file)
        except ConnectorError as error:
            raise not_carried_out(error) from error  # what was uploaded and hangs on nothing is seen by nobody
        path = f"{_path(new.card)}/files"
        reply = self._room.client.write("PUT", path, [{"file_uuid": uuid}], accept=(400, 404))
        if reply.status >= 400:
            raise Rejected(reply.words, hint=CARD_GONE, status=reply.status)
        try:
            self._show_in_feed(new.card, uuid, new.file.name)
        except (RateLimited, Retryable) as error:  # the file hangs there: the next attempt must find it
            raise Ambiguous(f"the file is there, its note is not yet: {error.reason}", status=error.status) from error
        return Done(uuid)

    def _upload(self, file: Attachment) -> str:
        content = self._room.store.blob(file.sha256) if file.sha256 else None
        if not content:
            raise Rejected(f"there are no bytes of the file «{file.name}»", hint=NO_BYTES.format(name=file.name))
        drive, base = self._drive()
        told = {"file_name": file.name, "file_size": len(content), "content_type": file.content_type}
        session = drive.write("POST", f"{SERVICE}/sessions", {**told, "with_preview": False}).data or {}
        limit = int(session.get("max_file_size") or 0)
        if limit and len(content) > limit:
            hint = TOO_LARGE.format(name=file.name, limit=limit // 1024**2)
            raise Rejected(f"the file «{file.name}» is too large", hint=hint)
        size = int(session.get("max_part_size") or PART)
        address, answer = session.get("upload_url"), session
        for start in range(0, len(content), size):
            answer = drive.upload(_inside(base, address), content[start : start + size]).data or {}
            address = answer.get("next_url")
        if not answer.get("uuid"):
            raise Retryable("the files service took all parts and named no file")
        return str(answer["uuid"])

    def _show_in_feed(self, card: CardRef, uuid: str, name: str) -> None:
        """With a note, unless amoCRM has made one by itself: newer accounts do."""
        path = f"{_path(card)}/notes"
        params = [("filter[note_type][]", "attachment"), ("order[id]", "desc"), ("limit", "50"), ("page", "1")]
        there = embedded(self._room.client.get(path, params), "notes")
        if any((note.get("params") or {}).get("file_uuid") == uuid for note in there):
            return
        note: Json = {"note_type": "attachment", "params": {"file_uuid": uuid, "file_name": name}, "created_by": ROBOT}
        self._room.client.write("POST", path, [note])

    def _models(self, card: CardRef) -> list[Json]:
        found = self._room.client.find(f"{_path(card)}/files", [("limit", "250")])
        uuids = [str(row["file_uuid"]) for row in embedded(found, "files")]
        drive = self._drive()[0] if uuids else None
        models = (drive.find(f"{SERVICE}/files/{uuid}") for uuid in uuids) if drive else ()
        return [model for model in models if model is not None]

    def _drive(self) -> tuple[Client, str]:
        base = self._room.directory.drive_url()
        if base not in self._drives:
            try:
                self._drives[base] = self._open_at(base)
            except ValueError as error:  # not https: our token would go there in the clear
                raise Rejected(f"the files service cannot be used: {error}", hint=NO_DRIVE) from error
        return self._drives[base], base


def _path(card: CardRef) -> str:
    return f"/{ENTITIES[card.kind]}/{number(card.id)}"


def _inside(base: str, address: object) -> str:
    """The path of an upload address; one that leads elsewhere would carry our token to a stranger."""
    if not isinstance(address, str) or not address.startswith(f"{base}/"):
        raise Retryable("the files service named no address of its own for the next part")
    return address.removeprefix(base)


def _download(item: Json) -> str:
    link = (item.get("_links") or {}).get("download")
    return str(link.get("href") or "") if isinstance(link, dict) else ""
