"""From the bytes of a delivery to its fields, and what tells repeats apart."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote_plus, unquote_to_bytes

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from provodka.channel import Delivery, Part, PartsReader, UnreadableError

MAX_BODY: Final = 10 * 1024 * 1024
MAX_PAIRS: Final = 2000
MAX_DEPTH: Final = 16
REPEAT_WINDOW: Final = timedelta(minutes=10)

_GZIP: Final = b"\x1f\x8b"
_CHARSETS: Final = frozenset({"cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "iso8859-1", "cp1252"})
_CHARSET: Final = re.compile(r"charset\s*[=-]\s*\"?([\w.-]+)", re.IGNORECASE)
_BOUNDARY: Final = re.compile(rb"--([^\r\n]{1,200})\r\ncontent-disposition:\s*form-data", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL refuses NUL, UTF-8 has no lone surrogates


def fields_of(delivery: Delivery) -> dict[str, Any]:
    """What the delivery says: JSON, else a form (also multipart; a file is its name), else, without a body, the query.

    The first byte decides and not the Content-Type, which senders get wrong in every way. PHP brackets are nested.
    Raises UnreadableError with a plain reason.
    """
    body = plain_body(delivery)
    return storable_fields(_parse(body, delivery.content_type) if body.strip() else unflatten(delivery.query.items()))


def json_fields(text: bytes) -> dict[str, Any]:
    """The fields of one JSON object in UTF-8. Raises UnreadableError."""
    try:
        return storable_fields(_json(text.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise UnreadableError("the JSON is not in UTF-8") from error


def plain_body(delivery: Delivery) -> bytes:
    """The body without gzip, whatever Content-Encoding claims; at most MAX_BODY bytes. Raises UnreadableError."""
    body = delivery.body
    if body.startswith(_GZIP):
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            body = unpacker.decompress(body, MAX_BODY + 1)
        except zlib.error as error:
            raise UnreadableError(f"the gzip body is damaged: {error}") from error
        if len(body) <= MAX_BODY and not unpacker.eof:
            raise UnreadableError("the gzip body is cut off")
    if len(body) > MAX_BODY:
        raise UnreadableError(f"the body is longer than {MAX_BODY} bytes")
    return body


def form_pairs(body: bytes) -> list[tuple[bytes, bytes]]:
    """The fields of a form-urlencoded body, decoded to the exact bytes that a signature may cover."""
    pairs = []
    for field in body.split(b"&"):
        name, _, value = field.replace(b"+", b" ").partition(b"=")
        if field:
            pairs.append((_unquoted(name), _unquoted(value)))
    return pairs


def _unquoted(text: bytes) -> bytes:
    return unquote_to_bytes(text) if b"%" in text else text


def unflatten(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested dicts and lists of PHP's bracketed names: `a[b][0]=x` becomes `{"a": {"b": ["x"]}}`.

    Nothing is dropped: a repeated name becomes a list, and a text beside a nested one of the same name keeps the
    empty key (`a=1&a[b]=2` becomes `{"a": {"": "1", "b": "2"}}`). A name with unpaired brackets is taken literally.
    Raises UnreadableError above MAX_PAIRS names or MAX_DEPTH levels.
    """
    root: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs):
        if count >= MAX_PAIRS:
            raise UnreadableError(f"more than {MAX_PAIRS} fields")
        found = _BRACKETS.fullmatch(name)
        path = [found[1], *found[2][1:-1].split("][")] if found else [name]
        if len(path) > MAX_DEPTH:
            raise UnreadableError(f"nested deeper than {MAX_DEPTH} levels")
        _put(root, path, value)
    return {name: _with_lists(node) for name, node in root.items()}


def body_hash(fields: Mapping[str, Any]) -> str:
    """SHA-256 of the fields, whatever their order and spacing."""
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hashed_id(
    fields: Mapping[str, Any], received_at: datetime, parts: PartsReader, window: timedelta = REPEAT_WINDOW
) -> tuple[str, Part]:
    """An external id for a sender that has none, and the part to store beside the event.

    The same fields within the window of their first coming are the same delivery, later they are a new one: a client
    may really send the same form twice. The part remembers the first coming. It is named after the window's slot and
    not after the moment, so that two equal deliveries handled at once, neither of which sees the other's part, get
    one id all the same (unless they fall on both sides of a slot's edge, which only the journal could prevent).
    """
    digest = body_hash(fields)
    key = f"hash:{digest}"
    for part in parts(key):
        if abs(received_at - datetime.fromisoformat(part.body)) < window:
            return f"sha256:{digest}:{part.id}", part
    slot = received_at.timestamp() // window.total_seconds() * window.total_seconds()
    part = Part(key, datetime.fromtimestamp(slot, UTC).strftime("%Y%m%dT%H%M%SZ"), received_at.isoformat())
    return f"sha256:{digest}:{part.id}", part


def _parse(body: bytes, content_type: str) -> dict[str, Any]:
    if found := _BOUNDARY.match(body.lstrip()):
        return unflatten(_multipart_pairs(body, found[1]))
    text = _text(body, content_type).strip()
    if text.startswith(("{", "[")):
        return _json(text)
    if text[:3].upper() in ("%7B", "%5B"):  # JSON that a form library escaped as if it were a field's name
        return _json(unquote_plus(text).rstrip("="))
    if "=" not in text or text.startswith(("<", '"')) or _CONTROL.search(text):
        raise UnreadableError("the body is neither JSON nor a form")
    return unflatten(
        (_text(name, content_type), _text(value, content_type)) for name, value in form_pairs(body.strip())
    )


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the body looks like JSON but is not: {error}") from error
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list) and all(isinstance(item, dict) and {"name", "value"} <= item.keys() for item in value):
        return unflatten((str(item["name"]), str(item["value"])) for item in value)  # jQuery's serializeArray
    if not isinstance(value, dict):
        raise UnreadableError("the body is JSON, but not one object")
    return value


def _multipart_pairs(body: bytes, boundary: bytes) -> list[tuple[str, str]]:
    parser = FormDataParser(
        stream_factory=lambda *_args, **_kwargs: BytesIO(),
        max_form_memory_size=MAX_BODY,
        max_form_parts=MAX_PAIRS,
        silent=False,
    )
    options = {"boundary": boundary.decode("latin-1")}
    try:
        _, form, files = parser.parse(BytesIO(body), "multipart/form-data", len(body), options)
    except (ValueError, RequestEntityTooLarge) as error:
        raise UnreadableError(f"the multipart body is damaged: {error}") from error
    return [*form.items(multi=True), *((name, file.filename or "") for name, file in files.items(multi=True))]


def _text(data: bytes, content_type: str) -> str:
    """UTF-8 where the bytes are UTF-8, which is never chance; else the declared charset, else Windows-1251."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        return data.decode(_declared(content_type), "replace")


def _declared(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(found[1]).name if found else ""
    except LookupError:
        name = ""
    return name if name in _CHARSETS else "cp1251"


def storable_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields without what no database takes. Raises UnreadableError above MAX_DEPTH levels."""
    return {_storable_text(name): _storable(value) for name, value in fields.items()}


def _storable_text(text: str) -> str:
    """The text without what no database takes."""
    return _UNSTORABLE.sub("\ufffd", text)


def _storable(value: object, depth: int = 1) -> object:
    if depth > MAX_DEPTH:
        raise UnreadableError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, dict):
        return {_storable_text(name): _storable(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    return value


def _put(node: dict[str, Any], path: list[str], value: str) -> None:
    """Hang the value into the tree of dicts; an empty step, PHP's `[]`, is the next free number."""
    *way, last = path
    for step in way:
        name = step or _next_free(node)
        below = node.get(name)
        if not isinstance(below, dict):
            below = {} if below is None else {"": below}
            node[name] = below
        node = below
    last = last or (_next_free(node) if way else "")
    if isinstance(node.get(last), dict):
        node, last = node[last], ""
    if last not in node:
        node[last] = value
    elif isinstance(node[last], list):
        node[last].append(value)
    else:
        node[last] = [node[last], value]


def _next_free(node: dict[str, Any]) -> str:
    number = len(node)
    while str(number) in node:
        number += 1
    return str(number)


def _with_lists(node: object) -> object:
    """Dicts whose keys count from 0 are lists."""
    if not isinstance(node, dict):
        return node
    numbers = [str(number) for number in range(len(node))]
    if node and all(number in node for number in numbers):
        return [_with_lists(node[number]) for number in numbers]
    return {name: _with_lists(item) for name, item in node.items()}
