"""Files of the talks: what people have sent, and what the bot has."""

from __future__ import annotations

import mimetypes
from typing import Any

from sandbox.telegram.errors import ApiError, bad_request

LARGEST_GIVEN = 20 * 1024 * 1024
LARGEST_TAKEN = 50 * 1024 * 1024
LARGEST_PHOTO = 10 * 1024 * 1024

Json = dict[str, Any]


class Media:
    """By file id: the path behind `/file/bot<token>/`, and the bytes."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, bytes]] = {}
        self._last = 0

    def clear(self) -> None:
        """The ids go on: the other side remembers them."""
        self._files.clear()

    def document(self, name: str, content: bytes) -> Json:
        """A new file, as a message holds it."""
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return {**self._keep("documents", name, content), "file_name": name, "mime_type": mime}

    def photo(self, content: bytes) -> list[Json]:
        """A new picture, as a message holds it: a preview and the picture."""
        preview = self._keep("photos", "preview.jpg", content[: len(content) // 4])
        whole = self._keep("photos", "photo.jpg", content)
        return [{**preview, "width": 90, "height": 60}, {**whole, "width": 1280, "height": 853}]

    def told(self, file_id: str) -> Json:
        """What getFile answers."""
        if file_id not in self._files:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        path, content = self._files[file_id]
        if len(content) > LARGEST_GIVEN:
            raise bad_request("file is too big")
        return {"file_id": file_id, "file_unique_id": file_id, "file_size": len(content), "file_path": path}

    def at(self, path: str) -> bytes | None:
        """The bytes behind a path; None where there are none."""
        return next((content for known, content in self._files.values() if known == path), None)

    def uploaded(self, given: Json, field: str) -> tuple[str, bytes]:
        """The file of a call: a part of its multipart body, or one that Telegram has already. Its name and bytes."""
        value = given.get(field)
        if isinstance(value, str) and value.startswith("attach://"):
            value = given.get(value.removeprefix("attach://"))
        if isinstance(value, str) and value in self._files:
            path, content = self._files[value]
            value = (path.rpartition("/")[2], content)
        if not isinstance(value, tuple):
            raise bad_request(f"there is no {field} in the request")
        name, content = value
        if len(content) > LARGEST_TAKEN:
            raise ApiError(413, "Request Entity Too Large")
        if not content:
            raise bad_request("file must be non-empty")
        if field == "photo" and len(content) > LARGEST_PHOTO:
            raise bad_request("PHOTO_SAVE_FILE_INVALID")
        return name, content

    def _keep(self, folder: str, name: str, content: bytes) -> Json:
        self._last += 1
        file_id = f"file{self._last}"
        self._files[file_id] = (f"{folder}/{file_id}/{name}", content)
        return {"file_id": file_id, "file_unique_id": file_id, "file_size": len(content)}
