"""A form as XML: elements become fields."""

from __future__ import annotations

from typing import Any, Final
from xml.parsers import expat

from connectors.bodies import MAX_DEPTH, MAX_PAIRS, plain_body, storable_fields
from provodka.channel import Delivery, UnreadableError

_MARKS: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


def is_xml(delivery: Delivery) -> bool:
    """By its first sign, and not by the Content-Type, which senders get wrong."""
    return plain_body(delivery).lstrip().startswith(_MARKS)


def xml_fields(delivery: Delivery) -> dict[str, Any]:
    """The fields below the root element: a repeated element is a list, attributes are fields beside the elements.

    A DOCTYPE is refused, so that there are no entities, neither those that grow without end nor those that read files
    or addresses. Raises UnreadableError.
    """
    reader = _Reader()
    body = plain_body(delivery).lstrip()  # a script leaves blank lines before the declaration
    parser = expat.ParserCreate(_charset(body))
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnreadableError(f"the body looks like XML but is not: {error}") from error
    root = reader.root
    return storable_fields(root if isinstance(root, dict) else {})


def _charset(body: bytes) -> str | None:
    """UTF-8, where that is what came: old scripts still declare the windows-1251 that they once wrote. None leaves it
    to the declaration; letters of another charset are no UTF-8 but by a miracle."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return None
    return None if body.isascii() else "UTF-8"


def _refuse_doctype(*_: object) -> None:
    raise UnreadableError("XML with a DOCTYPE is not read: it could hold entities")


class _Reader:
    """Builds nested dicts out of what the parser meets."""

    def __init__(self) -> None:
        self.root: Any = {}
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._count = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if self._count > MAX_PAIRS:
            raise UnreadableError(f"more than {MAX_PAIRS} fields")
        if len(self._open) >= MAX_DEPTH:
            raise UnreadableError(f"nested deeper than {MAX_DEPTH} levels")
        own = {_local(key): value for key, value in attributes.items() if not key.startswith("xmlns")}
        self._open.append((_local(name), own, []))

    def text(self, data: str) -> None:
        self._open[-1][2].append(data)

    def end(self, _: str) -> None:
        name, inner, texts = self._open.pop()
        text = "".join(texts).strip()
        value: Any = inner or text
        if inner and text:
            inner.setdefault("", text)  # the text beside attributes keeps the element's own name
        if self._open:
            _add(self._open[-1][1], name, value)
        else:
            self.root = value


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _add(fields: dict[str, Any], name: str, value: object) -> None:
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]
