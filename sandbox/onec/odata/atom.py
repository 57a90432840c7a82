"""Atom: feeds, entries, errors and the packet of an exchange plan; and entries that clients send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from sandbox.onec.odata.errors import ODataError, internal
from sandbox.onec.odata.published import Shown
from sandbox.onec.odata.values import moment
from sandbox.onec.schema import NAMESPACE

ATOM = "http://www.w3.org/2005/Atom"
DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
META = f"{DATA}/metadata"
SCHEME = f"{DATA}/scheme"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SPACES = f'xmlns="{ATOM}" xmlns:d="{DATA}" xmlns:m="{META}" xmlns:at="{TOMBSTONES}"'
Entry = Mapping[str, Any]


def feed(root: str, entries: Iterable[str], count: int | None = None, tail: str = "") -> str:
    """A feed of written entries."""
    counted = "" if count is None else f"<m:count>{count}</m:count>\n"
    return f"{HEAD}<feed {SPACES} xml:base={quoteattr(root)}>\n{counted}{''.join(entries)}{tail}</feed>\n"


def entry(root: str, shown: Shown, place: str, members: Entry, updated: datetime, *, alone: bool = False) -> str:
    """One entry; `alone` it is a document of its own."""
    kind = f"{NAMESPACE}.{shown.name}"
    opening = f"{HEAD}<entry {SPACES} xml:base={quoteattr(root)}>" if alone else "<entry>"
    return (
        f"{opening}\n<id>{escape(root + place)}</id>\n"
        f"<category term={quoteattr(kind)} scheme={quoteattr(SCHEME)}/>\n"
        f'<title type="text"/>\n<updated>{moment(updated)}</updated>\n<author/>\n<summary/>\n'
        f'<link rel="edit" href={quoteattr(place)} title="edit-link"/>\n'
        f'<content type="application/xml">\n{properties(shown, members)}</content>\n</entry>\n'
    )


def properties(shown: Shown, members: Entry) -> str:
    """The members of an entry, sections as collections of rows."""
    lines = (_member(shown, name, value) for name, value in members.items() if "@" not in name)
    return f"<m:properties>\n{''.join(lines)}</m:properties>\n"


def tombstone(place: str, when: datetime) -> str:
    """Something that is no more."""
    return f"<at:deleted-entry ref={quoteattr(place)} when={quoteattr(moment(when) + 'Z')}/>\n"


def value(name: str, content: Any) -> str:  # noqa: ANN401
    """One plain value."""
    return f'{HEAD}<d:{name} xmlns:d="{DATA}">{escape(_text(content))}</d:{name}>\n'


def error(problem: ODataError) -> str:
    return (
        f'{HEAD}<m:error xmlns:m="{META}">\n <m:code>{problem.code}</m:code>\n'
        f" <m:message>{escape(problem.text)}</m:message>\n</m:error>\n"
    )


def service_document(root: str, names: Iterable[str]) -> str:
    """The collections of the interface (AtomPub)."""
    places = "".join(
        f"<collection href={quoteattr(one)}><atom:title>{one}</atom:title></collection>\n" for one in names
    )
    return (
        f'{HEAD}<service xmlns="http://www.w3.org/2007/app" xmlns:atom="{ATOM}" xml:base={quoteattr(root)}>\n'
        f"<workspace><atom:title>Default</atom:title>\n{places}</workspace>\n</service>\n"
    )


def read_entry(body: bytes) -> dict[str, Any]:
    """The members of an entry that a client sent; ODataError -1 if it is none."""
    try:
        tree = ElementTree.fromstring(body)  # noqa: S314  # the sandbox is called by its own developer
    except ElementTree.ParseError:
        raise internal() from None
    found = next(tree.iter(f"{{{META}}}properties"), None)
    if found is None:
        raise internal()
    return {_name(member): _content(member) for member in found}


def _member(shown: Shown, name: str, content: Any) -> str:  # noqa: ANN401
    if isinstance(content, list):
        kind = f"{NAMESPACE}.{shown.name}_{name}_RowType"
        rows = "".join(
            f'<d:element m:type="{kind}">\n'
            + "".join(f"<d:{one}>{escape(_text(inner))}</d:{one}>\n" for one, inner in row.items() if "@" not in one)
            + "</d:element>\n"
            for row in content
        )
        return f'<d:{name} m:type="Collection({kind})">\n{rows}</d:{name}>\n'
    if isinstance(content, dict):
        inner = "".join(_member(shown, one, deep) for one, deep in content.items())
        return f"<d:{name}>\n<m:properties>\n{inner}</m:properties>\n</d:{name}>\n"
    return f'<d:{name} m:null="true"/>\n' if content is None else f"<d:{name}>{escape(_text(content))}</d:{name}>\n"


def _text(content: Any) -> str:  # noqa: ANN401
    return str(content).lower() if isinstance(content, bool) else str(content)


def _name(member: ElementTree.Element) -> str:
    return member.tag.rpartition("}")[2]


def _content(member: ElementTree.Element) -> Any:  # noqa: ANN401
    if member.get(f"{{{META}}}null") == "true":
        return None
    rows = [row for row in member if _name(row) == "element"]
    if rows or member.get(f"{{{META}}}type", "").startswith("Collection("):
        return [{_name(one): _content(one) for one in row} for row in rows]
    return member.text or ""
