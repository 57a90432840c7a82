"""Which names a rule may use for which event type: read from the payloads, so that the two never differ."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from provodka.crm import LeadState
from provodka.payloads import CHECKED, PAYLOADS, EventType, LeadRef, Person
from provodka.wording import nearest
from rules.fact import FACTS, GROUPS, OF_EVENTS, ROOTS, parts_of

NEVER_SEEN: Final = frozenset({EventType.CRM_HINT, EventType.ACCOUNTING_HINT, EventType.REPLY_WRITTEN})
"""Event types that no rule may start on."""

BY_CLOCK: Final = frozenset({EventType.CLOCK_TICK, EventType.STAFF_CHECKED, *CHECKED.values()})
"""Event types that a rule starts on by its clock, and not by its `on`: each belongs to one rule."""

WITHOUT_PERSON: Final = frozenset(
    {
        EventType.CLOCK_TICK,
        EventType.STAFF_CHECKED,
        EventType.UNREADABLE,
        EventType.CRM_HINT,
        EventType.ACCOUNTING_HINT,
        EventType.REPLY_WRITTEN,
    }
)
"""Event types that are about nobody: there can be no lead either, unless a rule makes one."""

_NOT_FOR_RULES: Final = frozenset({"change", "after", "strange"})
"""What events by the clock have besides: nothing has changed, and how cards are looked at is no rule's business."""

BY_ID: Final = frozenset({"lead_id", "invoice_id"})
"""Members of payloads by which cards are found: a rule says `lead`, and gets the card as it is now."""

PARTS_OF_A_MOMENT: Final = ("year", "month", "day", "hour", "minute")


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree of names. `open` takes any name below it; `choices` are the only values it can have.

    `item` is what a list (`kind` tuple) holds; `maybe` says that there may be nothing at all, `computed` that the value
    follows from others.
    """

    fields: Mapping[str, Node] = field(default_factory=dict)
    open: bool = False
    choices: tuple[str, ...] = ()
    kind: type = str
    item: Node | None = None
    maybe: bool = False
    computed: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a single value with nothing below it."""
        return not self.fields and not self.open


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A path that leads nowhere: the first wrong part, and the nearest right path, if any."""

    path: str
    part: str
    nearest: str = ""


def _computed(kind: type[Any]) -> Mapping[str, Node]:
    """What a value computes of itself. Identities are the journal's business."""
    found = {name: one.fget for name, one in vars(kind).items() if isinstance(one, property) and one.fget is not None}
    return {
        name: replace(node_of(get_type_hints(made)["return"]), computed=True)
        for name, made in found.items()
        if name != "identities"
    }


@cache
def names_for(event_type: EventType) -> Node:
    """The tree of all names that a rule on this event type may use."""
    payload = node_of(PAYLOADS[event_type])
    if event_type in BY_CLOCK:
        payload = Node({name: node for name, node in payload.fields.items() if name not in _NOT_FOR_RULES})
    text, moment = Node(), Node(kind=datetime)
    fields = {
        **{name: node for name, node in payload.fields.items() if name not in BY_ID},
        "event": Node({"type": Node(choices=tuple(EventType)), "channel": text, "occurred_at": moment}),
        "now": moment,
        "client": text,
        "plans": Node(open=True, kind=dict),
    }
    if event_type not in WITHOUT_PERSON:
        fields["person"] = Node({**node_of(Person).fields, "known": Node(kind=bool)})
        fields = {**{name: node_of(FACTS[name].model) for name in ROOTS if name not in OF_EVENTS}, **fields}
    fields |= {name: Node() for name, kinds in GROUPS.items() if event_type in kinds}
    return Node({name: _with_parts(name, node) for name, node in fields.items()})


def _with_parts(name: str, node: Node) -> Node:
    """The node with the facts below it that are fetched by themselves."""
    parts = {fact.name.partition(".")[2]: node_of(fact.model) for fact in parts_of(name)}
    return replace(node, fields={**node.fields, **parts}) if parts else node


def find(path: str, event_type: EventType) -> Node | UnknownName:
    """The node that a dotted path leads to, for this event type."""
    node, parts = names_for(event_type), path.split(".")
    for at, part in enumerate(parts):
        if node.open:
            return Node()
        if part in node.fields:
            node = node.fields[part]
        elif node.kind is datetime and part in PARTS_OF_A_MOMENT:
            node = Node(kind=int)
        else:
            close = nearest(part, node.fields)
            right = ".".join((*parts[:at], close, *parts[at + 1 :])) if close else ""
            return UnknownName(path, part, right)
    return node


def is_list(path: str, event_types: Iterable[EventType]) -> bool:
    """Whether a path leads to several values at once, for one of these event types."""
    found = (find(path, kind) for kind in event_types)
    return any(isinstance(node, Node) and node.kind is tuple for node in found)


def node_of(kind: Any) -> Node:  # noqa: ANN401 -- an annotation can be anything
    """The tree of names below a value of this type."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return replace(node_of(next(arg for arg in get_args(kind) if arg is not type(None))), maybe=True)
    if origin is dict:
        return Node(open=True, kind=dict)
    if origin is tuple:
        return Node(kind=tuple, item=node_of(get_args(kind)[0]))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        members = {f.name: node_of(hints[f.name]) for f in dataclasses.fields(kind)}
        if kind is LeadRef:
            members["state"] = Node(choices=tuple(LeadState))
        return Node({**_computed(kind), **members})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Node(choices=tuple(kind))
    return Node(kind=kind)
