"""What a reader of a letter has to know besides its words: what it invites to, what nobody could open or keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from connectors.imap.attachments import MOST, files_in
from connectors.imap.headers import RawMessage, param
from connectors.imap.invitation import invitation_in
from connectors.imap.parts import leaves
from provodka.payloads import Attachment

MOST_NAMED: Final = 10

_SMIME: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_PGP: Final = frozenset({"application/pgp-encrypted"})
_LOCKED: Final = "Письмо зашифровано ({}): прочитать его можно только в почтовой программе получателя"
_SIGNED: Final = "Письмо целиком лежит в файле с подписью (S/MIME): откройте его в почтовой программе"
_MEGABYTE: Final = 1024 * 1024


def notes_on(message: RawMessage, files: Sequence[Attachment], text: str) -> tuple[str, ...]:
    """In Russian, for the card; nothing for most letters."""
    return tuple(filter(None, (invitation_in(message), *_locked(message, text), *_not_kept(message, files))))


def _locked(message: RawMessage, text: str) -> Iterator[str]:
    kinds = {part.get_content_type(): part for part in leaves(message)}
    if (smime := next((kinds[kind] for kind in _SMIME if kind in kinds), None)) is not None:
        yield _SIGNED if param(smime, "smime-type").lower() == "signed-data" else _LOCKED.format("S/MIME")
    if not _PGP.isdisjoint(kinds) or text.lstrip().startswith("-----BEGIN PGP MESSAGE-----"):
        yield _LOCKED.format("PGP")


def _not_kept(message: RawMessage, files: Sequence[Attachment]) -> Iterator[str]:
    left = [file for file in files if not file.sha256 and file.size]
    if left:
        named = ", ".join(f"«{file.name}» ({max(1, file.size // _MEGABYTE)} МБ)" for file in left[:MOST_NAMED])
        more = f" и ещё {len(left) - MOST_NAMED}" if len(left) > MOST_NAMED else ""
        yield f"Слишком велики и не сохранены: {named}{more}"
    if (found := sum(1 for _ in files_in(message))) > MOST and len(files) >= MOST:
        yield f"Вложений {found}, сохранены первые {MOST}"
