"""Files that people send in a messenger: fetched from where the service keeps them, into the journal."""

from __future__ import annotations

import mimetypes
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from connectors.answers import by_status
from connectors.exchange import Exchanges, Sending
from connectors.guarded import Connecting
from provodka.errors import AuthFailed, ConnectorError, Rejected, Retryable
from provodka.file_names import safe_name
from provodka.payloads import Attachment
from provodka.stores import Blobs
from provodka.talks import MediaKind, MessageFile

BYTES: Final = "application/octet-stream"
MOST: Final = 100 * 1024 * 1024
SECONDS: Final = 120.0
GONE: Final = "Файл из сообщения уже нельзя скачать: попросите клиента прислать его снова."
TOO_LARGE: Final = "Файл из сообщения больше {most} МБ: возьмите его в самом мессенджере."
EMPTY: Final = "Файл из сообщения пуст."
A_PAGE: Final = "Вместо файла пришла страница: ссылка на него больше не действует."


def fetched(
    url: str,
    file: MessageFile,
    blobs: Blobs,
    *,
    headers: Mapping[str, str] | None = None,
    allow: Collection[str] = (),
    most: int = MOST,
) -> Attachment:
    """The bytes behind an address, kept. `headers` open that host, and go to no other where it leads on; `allow` are
    hosts that need not be public.

    The address itself, which often opens the file to anybody, is told nowhere. Raises Retryable while it cannot be had,
    Rejected where it is gone, too large, empty, or a page in its place.
    """
    sent = {name: text.encode() for name, text in (headers or {}).items()}
    answer = Exchanges(Connecting(allow), _only_host).answer(Sending("GET", url, _only_host(url), SECONDS, most, sent))
    status = answer.reply.status
    if not answer.whole:
        raise Rejected(f"the file has more than {most} bytes", hint=TOO_LARGE.format(most=most // 1024**2))
    if not 200 <= status < 300:
        raise _refused(by_status(answer.reply), status)
    return keep(answer.reply.body, answer.reply.headers.get("content-type", ""), file, blobs, most)


def keep(body: bytes, kind: str, file: MessageFile, blobs: Blobs, most: int = MOST) -> Attachment:
    """The bytes of a file of a message as a blob, under its name. `kind` is what whoever gave them calls them."""
    if len(body) > most:
        raise Rejected(f"the file has {len(body)} bytes", hint=TOO_LARGE.format(most=most // 1024**2))
    if not body:
        raise Rejected("the file is empty", hint=EMPTY)
    told, wanted = (one.partition(";")[0].strip().casefold() for one in (kind, file.content_type))
    if told == "text/html" and wanted != told:
        raise Rejected("a page in the place of the file", hint=A_PAGE)
    name = safe_name(file.name) or file.kind.value
    if not PurePosixPath(name).suffix:
        name += mimetypes.guess_extension(wanted or told) or ""
    return Attachment(name, wanted or told or BYTES, len(body), blobs.keep_blob(body))


def media_kind(content_type: str) -> MediaKind:
    """What a file is to a messenger, by its type."""
    family = content_type.partition("/")[0].casefold()
    return {"image": MediaKind.PICTURE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}.get(family, MediaKind.FILE)


def _refused(error: ConnectorError | None, status: int) -> ConnectorError:
    if error is None or isinstance(error, AuthFailed | Rejected):
        return Rejected(f"the file: HTTP {status}", hint=GONE, status=status)
    return Retryable(f"the file: {error.reason}", status=status, wait=error.wait)


def _only_host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"
