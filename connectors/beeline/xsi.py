"""One event of BroadWorks' XSI: what happened to one employee's connection of a call. Matched by local names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree

from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from provodka import identity
from provodka.channel import UnreadableError
from provodka.payloads import Direction

LOCAL: Final = "localRelease"
"""The exchange or the employee ended the connection, not the other side."""

_TOLD: Final = {
    "CallReceivedEvent": Told.RANG,
    "CallOriginatedEvent": Told.RANG,
    "CallOriginatingEvent": Told.RANG,
    "CallAnsweredEvent": Told.ANSWERED,
    "CallReleasedEvent": Told.LEFT,
}
_RANKS: Final = {Told.RANG: 0, Told.ANSWERED: 1, Told.LEFT: 2, Told.NOTED: 3}
_TIMES: Final = {Told.RANG: "startTime", Told.ANSWERED: "answerTime", Told.LEFT: "releaseTime"}
_OWN: Final = ("group", "enterprise")


@dataclass(frozen=True, slots=True)
class XsiEvent:
    """The texts of an event by their local names, the first of each; `kind` is its type (`CallReceivedEvent`)."""

    kind: str
    target: str
    call: dict[str, str]

    def moment(self, name: str) -> datetime | None:
        """Milliseconds since 1970."""
        return moment(self.call.get(name, ""), UTC)

    @property
    def direction(self) -> Direction | None:
        if self.call.get("callType", "").casefold() in _OWN:
            return Direction.INTERNAL
        match self.call.get("personality", "").casefold():
            case "terminator":
                return Direction.IN
            case "originator" | "click-to-dial":
                return Direction.OUT
        return None

    @property
    def phone(self) -> str:
        """Of the other side, if that is not one of the staff."""
        address = self.call.get("address", "").removeprefix("tel:")
        return "" if self.direction is Direction.INTERNAL else identity.phone(address)

    @property
    def released_by(self) -> str:
        """`localRelease` or `remoteRelease`, where it is told."""
        return self.call.get("releasingParty", "")


def read_event(body: bytes) -> XsiEvent | None:
    """None for what is about no call (a subscription that ends, a heart-beat). Raises UnreadableError."""
    root = _root(body)
    data = _first(root, "eventData")
    call = None if data is None else _first(data, "call")
    if data is None or call is None:
        return None
    kind = next((text for name, text in data.attrib.items() if etree.QName(name).localname == "type"), "")
    texts: dict[str, str] = {}
    for element in call.iter():
        name, text = etree.QName(element).localname, (element.text or "").strip()
        if text:
            texts.setdefault(name, text)
    target = _first(root, "targetId")
    whose = "" if target is None else (target.text or "").strip().partition("@")[0]
    return XsiEvent(kind.rpartition(":")[2], whose, texts)


def read_notice(event: XsiEvent, heard: datetime) -> CallNotice:
    """The notice of one leg; `heard` stands in for a moment that is not told. Raises UnreadableError."""
    leg = event.call.get("callId", "")
    if not leg or not event.kind:
        raise UnreadableError("the event of a call came without " + ("callId" if not leg else "its type"))
    told = _TOLD.get(event.kind, Told.NOTED)
    return CallNotice(
        call=event.call.get("extTrackingId") or leg,
        id=f"{leg}:{event.kind}",
        told=told,
        at=event.moment(_TIMES.get(told, "")) or heard,
        rank=_RANKS[told],
        leg=leg,
        direction=event.direction,
        phone=event.phone,
        employee=event.target,
        started_at=event.moment("startTime"),
        answered_at=event.moment("answerTime"),
        ended_at=event.moment("releaseTime") if told is Told.LEFT else None,
        reason=event.call.get("internalReleaseCause", ""),
    )


def _root(body: bytes) -> Any:  # noqa: ANN401 -- lxml has no types
    """Entities are left alone and nothing is fetched: a text that declares any is refused."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.LxmlError as error:
        raise UnreadableError(f"the body is no XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableError("the XML has a DOCTYPE, which Beeline never sends")
    return root


def _first(node: Any, name: str) -> Any:  # noqa: ANN401 -- lxml has no types
    return next(_named(node, name), None)


def _named(node: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 -- lxml has no types
    return (one for one in node.iter(etree.Element) if etree.QName(one).localname == name)
