"""A zip of 1C: its XML files, unpacked in memory only. What could harm or cannot be told apart is refused whole."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from connectors.onec.commerceml.node import BrokenOffError, UnreadableFileError

LARGEST: Final = 128 * 1024 * 1024  # bytes of all that is unpacked
_MOST_FILES: Final = 10_000  # pictures among them
_ENCRYPTED: Final = 0x1
_DAMAGE: Final = (BadZipFile, zlib.error, EOFError, struct.error, ValueError, OSError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file by its bare name."""

    name: str
    body: bytes


def is_archive(body: bytes) -> bool:
    return body.startswith(b"PK")


def unpacked(body: bytes) -> list[Unpacked]:
    """The XML files of the archive, each checked against its sum. Raises UnreadableFileError."""
    try:
        with ZipFile(BytesIO(body)) as archive:
            entries = _accepted(archive.infolist())
            return [Unpacked(bare_name(one.filename), _content(archive, one)) for one in entries]
    except _DAMAGE as error:
        raise BrokenOffError("Архив обрывается или повреждён: часть потеряна. Повторите обмен.") from error


def bare_name(path: str) -> str:
    """The last step of a path, of either kind of slash."""
    return path.replace("\\", "/").rpartition("/")[2]


def _accepted(entries: list[ZipInfo]) -> list[ZipInfo]:
    """Those to be read; pictures and folders are passed over."""
    if len(entries) > _MOST_FILES:
        raise UnreadableFileError(f"В архиве больше {_MOST_FILES} файлов: такой не принимается.")
    for one in entries:
        steps = one.filename.replace("\\", "/").split("/")
        if ".." in steps or not steps[0] or ":" in steps[0]:
            raise UnreadableFileError("В архиве файл с путём наружу: архив не принят.")
    files = [one for one in entries if one.filename.lower().endswith(".xml")]
    for one in files:
        if one.flag_bits & _ENCRYPTED:
            raise UnreadableFileError("Архив закрыт паролем: отключите пароль.")
        if one.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise UnreadableFileError("Архив сжат способом, которого нет в обмене с сайтом: нужен обычный zip.")
    if sum(one.file_size for one in files) > LARGEST:
        raise UnreadableFileError(f"В архиве больше {LARGEST // 1024 // 1024} МБ: такой не принимается.")
    if not files:
        raise UnreadableFileError("В архиве нет файлов XML.")
    return files


def _content(archive: ZipFile, entry: ZipInfo) -> bytes:
    """Unpacked no further than the size that it claims, whatever is inside; then the sum does not fit."""
    with archive.open(entry) as file:
        return file.read(entry.file_size + 1)
