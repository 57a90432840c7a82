"""Files that 1C brings in pieces: kept in the journal piece by piece, put together when the last one has come.

The protocol numbers no pieces. One that comes again (its answer was lost) is known by its content, one that is lost
only by what is wrong with the whole. After a whole file, the same name begins a new one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Final, TypeVar

from connectors.onec.commerceml.node import BrokenOffError, UnreadableFileError
from provodka.channel import Part, PartsReader

LARGEST: Final = 128 * 1024 * 1024  # bytes of one file as it is sent
REPEATABLE: Final = 1024  # bytes: shorter is only the last piece, which nothing can follow

T = TypeVar("T")


class NotSentError(UnreadableFileError):
    """What is asked for has not been sent in this session."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of a session's list: a piece of a file, or, without `sha`, the moment at which the file was whole."""

    name: str
    sha: str = ""
    size: int = 0


class Uploads:
    """What one session has sent so far. What `add` and `close` answer is to be stored before the next request."""

    def __init__(self, parts: PartsReader, session: str) -> None:
        self._parts = parts
        self._session = session
        listed = sorted(parts(f"files:{session}"), key=lambda part: part.id)  # by number: a clock may be set back
        self._list = [Piece(**json.loads(part.body)) for part in listed]
        self._bodies: dict[str, bytes] = {}

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(piece.name for piece in self._list))

    def add(self, name: str, body: bytes) -> tuple[Part, ...]:
        """One more piece. Raises UnreadableFileError where the file grows too large."""
        piece = Piece(name, sha256(body).hexdigest(), len(body))
        if sum(one.size for one in self._generations(name)[-1]) + piece.size > LARGEST:
            raise UnreadableFileError(f"Файл {name} больше {LARGEST // 1024 // 1024} МБ: такой не принимается.")
        self._bodies[piece.sha] = body
        return self._listed(piece), Part(self._key(piece.sha), "0", base64.b64encode(body).decode())

    def close(self, name: str) -> Part:
        """The file is whole: what follows under its name is another one."""
        return self._listed(Piece(name))

    def whole(self, name: str, opened: Callable[[bytes], T]) -> T:
        """The file put together and opened. Raises what `opened` does: BrokenOffError as long as something lacks."""
        pieces = self._last(name)
        if not pieces:
            raise NotSentError(f"Файл не найден: {name}")
        broken = BrokenOffError("")
        for one in _readings(pieces):
            try:
                return opened(self._joined(one))
            except BrokenOffError as error:
                broken = error
        raise broken

    def raw(self, name: str) -> bytes:
        """All that has come of the last file of this name, as it came; empty for none."""
        return self._joined(self._last(name))

    def _last(self, name: str) -> list[Piece]:
        """The pieces of the last file of this name that there is anything of."""
        return next((pieces for pieces in reversed(self._generations(name)) if pieces), [])

    def _joined(self, pieces: Sequence[Piece]) -> bytes:
        return b"".join(self._body(piece.sha) for piece in pieces)

    def _generations(self, name: str) -> list[list[Piece]]:
        """The files of this name, one after another; the last one may be empty, it has not begun yet.

        None begins with the last piece of the one before: that has only come again.
        """
        found: list[list[Piece]] = [[]]
        for piece in (one for one in self._list if one.name == name):
            repeated = not found[-1] and len(found) > 1 and piece == found[-2][-1]
            if piece.sha and not repeated:
                found[-1].append(piece)
            elif not piece.sha and found[-1]:
                found.append([])
        return found

    def _listed(self, piece: Piece) -> Part:
        self._list.append(piece)
        return Part(f"files:{self._session}", f"{len(self._list):06}:{piece.sha[:16]}", json.dumps(asdict(piece)))

    def _body(self, sha: str) -> bytes:
        if sha not in self._bodies:
            (part,) = self._parts(self._key(sha))
            self._bodies[sha] = base64.b64decode(part.body)
        return self._bodies[sha]

    def _key(self, sha: str) -> str:
        return f"piece:{self._session}:{sha}"


def _readings(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """In which ways they may make up the file: each once, and then all of them, should two be alike by chance."""
    once = [one for n, one in enumerate(pieces) if one.size < REPEATABLE or one not in pieces[:n]]
    return [once, list(pieces)] if len(once) < len(pieces) else [once]
