"""The files that go along with a message to a client."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, ValidationInfo

from provodka.config import DIRECTORY, is_confined
from provodka.errors import Rejected
from provodka.messages import ClientMessage
from provodka.stores import Blobs

_BYTES: Final = "application/octet-stream"

File = tuple[str, str, bytes]
"""A file's name, content type and bytes."""


def _beside_the_config(folder: Path, info: ValidationInfo) -> Path:
    found = Path((info.context or {}).get(DIRECTORY, Path.cwd())) / folder
    if not is_confined(info) and not found.is_dir():
        raise ValueError(f"there is no folder {folder}")
    return found


FilesFolder: TypeAlias = Annotated[Path, AfterValidator(_beside_the_config)]
"""The folder of a channel that rules attach from, beside the config."""


def files_of(message: ClientMessage, folder: Path | None, blobs: Blobs) -> list[File]:
    """Everything that goes along; Rejected for what is not there."""
    return [
        *(_of_event(file.name, file.content_type, file.sha256, blobs) for file in message.files),
        *(_of_folder(name, folder) for name in message.attach),
    ]


def _of_event(name: str, kind: str, digest: str, blobs: Blobs) -> File:
    body = blobs.blob(digest) if digest else None
    if body is None:
        hint = f"Файл «{name}» был слишком велик, чтобы его сохранить, или уже удалён: без него ничего не ушло."
        raise Rejected(f"the bytes of «{name}» are not kept", hint=hint)
    return name, kind or _BYTES, body


def _of_folder(name: str, folder: Path | None) -> File:
    """A name may not lead out of the folder."""
    path = folder / name if folder is not None else None
    if folder is None or path is None or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        hint = f"Положите файл «{name}» в папку files канала или поправьте имя в attach."
        raise Rejected(f"there is no file «{name}» in the folder of the channel", hint=hint)
    return path.name, mimetypes.guess_type(path.name)[0] or _BYTES, path.read_bytes()
