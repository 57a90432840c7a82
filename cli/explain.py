"""`provodka explain`: what became of an event, or of all that a person sent, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import to_jsonable_python

from cli.show import Exit, ShownLine, View, events_table, shown_line
from cli.tree import action_commands, event_commands, story_tree
from provodka.journal import Journal, people
from provodka.journal.numbering import Numbered
from provodka.payloads import EventType
from support.find import FEW, Found, find, without_a_person
from support.story import ShownStory, tell

_SEVERAL: Final = 6
_WITHOUT_A_PERSON: Final = {
    EventType.UNREADABLE: "could not be read",
    EventType.FORM_SPAM: "a robot has filled in",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `--json` prints. `found_by` is `id`, `phone`, `email`, `lead`, or what a number is of (`invoice`,
    `order`, `payment`, `shipment`, `request`).

    `events` lists all of a person, newest first (empty where one event was asked for); `stories` tells the newest
    of them in full, or all. Times are ISO 8601 in UTC. The members of a story are described in `support/story.py`;
    beside `mends`, `next` has the commands that do it.
    """

    wanted: str
    found_by: str
    events: tuple[ShownLine, ...]
    stories: tuple[ShownStory, ...]


def explain(journal: Journal, wanted: str, view: View, *, everything: bool = False) -> int:
    """Explain one event by its id or a piece of it, or a person's by phone, email, lead or the number of an invoice or
    the like: the newest, or `everything`.

    Ends with 1 where nothing was found, with 2 where the text is ambiguous or none of these.
    """
    found = find(journal, wanted)
    mask = view.mask(journal, [line.event.event.person for line in found.lines])
    chosen = [found.one] if found.one else [line.event for line in found.lines]
    explanation = Explanation(
        wanted=mask.text(wanted.strip()),
        found_by=found.way,
        events=tuple(shown_line(line, mask) for line in found.lines),
        stories=tuple(tell(journal, stored, view.masks(journal)) for stored in (chosen if everything else chosen[:1])),
    )
    if view.as_json:
        view.json(_document(explanation))
    elif chosen:
        _draw(explanation, view)
    return Exit.FINE if chosen else _nothing(journal, found, explanation.wanted, view)


def _document(explanation: Explanation) -> dict[str, Any]:
    """With the commands that help beside what they do."""
    document: dict[str, Any] = to_jsonable_python(explanation)
    for told, story in zip(document["stories"], explanation.stories, strict=True):
        told["event"]["next"] = event_commands(story.event)
        for shown, action in zip(told["actions"], story.actions, strict=True):
            shown["next"] = action_commands(action)
    return document


def _draw(explanation: Explanation, view: View) -> None:
    if explanation.events:
        view.print(events_table(explanation.events, view), "")
    for story in explanation.stories:
        view.print(story_tree(story, view), "")
    left = len(explanation.events) - len(explanation.stories)
    if explanation.events and left:
        view.print(f"{left} earlier in short above; in full: --all, or provodka explain with an id")


def _nothing(journal: Journal, found: Found, wanted: str, view: View) -> int:
    if found.alike:
        view.problem(f"several events are like «{wanted}»: {', '.join(found.alike)}", "write more of the id")
        return Exit.USAGE
    if found.numbers:
        told = ", ".join(f"{one.kind} {view.mask(journal).text(one.number)}" for one in found.numbers[:_SEVERAL])
        view.problem(f"several people have a number like «{wanted}»: {told}", _which(journal, found.numbers[:_SEVERAL]))
        return Exit.USAGE
    if not found.way:
        view.problem(f"«{wanted}» is no id of an event, no phone, no email, no lead and no number")
        return Exit.USAGE
    if found.way == "id":
        view.problem(f"no event has an id like «{wanted}»", "see provodka events ls")
        return Exit.PROBLEM
    view.problem(f"no event carries the {found.way} {wanted}", _where_else(journal))
    return Exit.PROBLEM


def _which(journal: Journal, numbers: Sequence[Numbered]) -> str:
    """The newest event of each of these people, by which they can be asked for."""
    newest = journal.read(lambda c: people.newest_of(c, list(dict.fromkeys(one.lane for one in numbers))))
    return f"ask for one of their events: provodka explain {' | '.join(one.event.event.id for one in newest)}"


def _where_else(journal: Journal) -> str:
    """Where an event may be that carries no person: a robot's phone joins nobody, and a broken body has none."""
    parts = ["provodka status tells when each channel was last heard of"]
    for kind, found in without_a_person(journal).items():
        many = "100 or more" if found == FEW else str(found)
        parts.append(f"recent events that {_WITHOUT_A_PERSON[kind]}: {many} (provodka events ls --type {kind})")
    return "; ".join(parts)
