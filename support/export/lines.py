"""What a copy of the journal tells of each event: its story as the pages tell it, and what it holds, equally masked."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from provodka.event import dump_payload
from provodka.journal import Journal, StoredEvent, extract, lanes
from provodka.journal.extract import Scope
from support.masking import Mask, Masks
from support.story import ShownAction, ShownStory, tell_all
from support.timeline import about

AT_ONCE: Final = 100
_KNOWN: Final = 5_000
_TITLES: Final = ("title", "text", "stage")
_ALL: Final = 2**62


@dataclass(frozen=True, slots=True)
class Line:
    """An event with all that followed. `person` is the number of its lane, `identities` what that one is known by;
    `about` its own title, `made` the things of other systems (system, kind, id) by the action that made them."""

    seq: int
    person: int | None
    identities: tuple[str, ...]
    about: str
    payload: Any
    story: ShownStory
    made: Mapping[int, Sequence[tuple[str, str, str]]]


def lines(journal: Journal, scope: Scope, masks: Masks) -> Iterator[list[Line]]:
    """Portions of the events that are there now, oldest first; of a person also those that still lie in the inbox."""
    known = _Known(journal)
    span = journal.read(lambda c: extract.numbers(c, scope))
    after, last = (_ALL, 0) if span is None else (span[0] - 1, span[1])
    while after < last:
        events = journal.read(lambda c, after=after: extract.portion(c, scope, after, last, AT_ONCE))  # type: ignore[misc]
        if not events:
            break
        yield _lines(journal, events, masks, known)
        after = events[-1].seq
    if (person := scope.person) is not None:
        inbox = [one for one in journal.read(lambda c: extract.waiting(c, person)) if _is_within(one, scope)]
        yield _lines(journal, inbox, masks, known)


def _is_within(stored: StoredEvent, scope: Scope) -> bool:
    at = stored.event.received_at
    return (scope.since is None or at >= scope.since) and (scope.until is None or at < scope.until)


class _Known:
    """What people are called and known by, for some thousands of lanes that were met last."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kept: OrderedDict[int, tuple[Collection[str], Sequence[str]]] = OrderedDict()

    def of(self, wanted: Collection[int]) -> Mapping[int, tuple[Collection[str], Sequence[str]]]:
        """(names, identities) of these lanes."""
        if missing := [lane for lane in wanted if lane not in self._kept]:
            names, identities = self._journal.read(lambda c: self._read(c, missing))
            self._kept.update({lane: (names[lane], identities[lane]) for lane in missing})
        for lane in wanted:
            self._kept.move_to_end(lane)
        found = {lane: self._kept[lane] for lane in wanted}
        while len(self._kept) > _KNOWN:
            self._kept.popitem(last=False)
        return found

    @staticmethod
    def _read(connection: Connection, wanted: Sequence[int]) -> tuple[dict[int, set[str]], dict[int, list[str]]]:
        return extract.names_of(connection, wanted), lanes.identities_of(connection, wanted)


def _lines(journal: Journal, events: Sequence[StoredEvent], masks: Masks, known: _Known) -> list[Line]:
    people = known.of({one.lane for one in events if one.lane is not None})
    told = tell_all(journal, events, masks, {lane: names for lane, (names, _) in people.items()})
    ids = [action.id for story, _ in told for action in story.actions]
    made = journal.read(lambda c: extract.made_by(c, ids))
    return [
        _line(stored, story, mask, made, people.get(stored.lane or 0, ((), ()))[1])
        for stored, (story, mask) in zip(events, told, strict=True)
    ]


def _line(
    stored: StoredEvent,
    story: ShownStory,
    mask: Mask,
    made: Mapping[int, Sequence[tuple[str, str, str]]],
    identities: Sequence[str],
) -> Line:
    return Line(
        seq=stored.seq,
        person=stored.lane,
        identities=tuple(map(mask.identity, identities)),
        about=mask.text(about(stored.event.payload)),
        payload=mask.value(json.loads(dump_payload(stored.event.payload))),
        story=story,
        made={
            action.id: [(system, kind, mask.text(one)) for system, kind, one in made[action.id]]
            for action in story.actions
            if action.id in made
        },
    )


def text_of(action: ShownAction) -> str:
    """The text that a person knows an action by."""
    params = action.params if isinstance(action.params, dict) else {}
    return next((one for name in _TITLES if isinstance(one := params.get(name), str)), "")


def words_in(value: object) -> Iterator[str]:
    """Every text in plain data of any depth."""
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from words_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from words_in(one)
