"""What has to be true of calls and talks when all is at rest: each gives sentences of what is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provodka.journal import StoredAction
from provodka.payloads import EventType
from sandbox.server import Sandbox
from tests.end_to_end.crms import Json
from tests.end_to_end.crowd import STAFF, Person
from tests.end_to_end.talking import Shown

EDITED = "Исправлено: "


def said(person: Person, talks: Mapping[str, Shown], own: set[str], unknown: set[str], crm: str) -> Iterator[str]:
    """Each line once, in order, in the talk of one lead of theirs. Of those in `unknown` the CRM never told whether it
    has taken them, and cannot be asked: they wait for a person, and may be there or not."""
    for network, segments in person.said.items():
        sure = [[line for line in segment if line.removeprefix(EDITED) not in unknown] for segment in segments]
        if not any(sure):
            continue
        talk = talks.get(f"{network}:{person.id_in(network)}")
        if talk is None:
            yield f"{person.number}: no talk in {network} among {sorted(talks)[:5]}"
            continue
        left = [line for line in talk.lines if line.removeprefix(EDITED) not in unknown]
        if twice := Counter(talk.lines) - Counter(line for segment in segments for line in segment):
            yield f"{person.number} in {network}: too much, {twice}"
        for segment in sure:
            if sorted(left[: len(segment)]) != sorted(segment):
                yield f"{person.number} in {network}: {talk.lines} instead of {sure}"
                break
            del left[: len(segment)]
        else:
            if left:
                yield f"{person.number} in {network}: too much, {left}"
        if not talk.owners <= own or (crm == "amocrm" and len(talk.owners) != 1):  # a portal asks for the contact's
            yield f"{person.number} in {network}: belongs to {talk.owners} of {own}"


def called(person: Person, events: Sequence[Any], own: Sequence[Json]) -> Iterator[str]:
    """One event and one call of the card for each."""
    ends = [one for one in events if one.type in (EventType.CALL_FINISHED, EventType.CALL_MISSED)]
    if Counter(one.type for one in ends) != Counter(one.kind for one in person.calls):
        yield f"{person.number}: {[(e.channel, e.type, e.payload.call.id) for e in ends]} of {person.calls}"
    talked = [one.payload.call.extension for one in ends if one.type is EventType.CALL_FINISHED]
    staff = Counter(STAFF.get(extension, extension) for extension in talked)
    if staff != Counter(one.answered for one in person.calls if one.answered):
        yield f"{person.number}: talked with {staff} and not as in {person.calls}"
    logged = [call for lead in own for call in lead["calls"]]
    if len(logged) != len(person.calls):
        yield f"{person.number}: {len(logged)} calls in the card of {len(person.calls)}"
    tasks = sum(task["text"] == "Перезвонить" for lead in own for task in lead["tasks"])
    missed = sum(one.kind is EventType.CALL_MISSED for one in person.calls)
    if tasks != missed:
        yield f"{person.number}: {tasks} tasks to call back for {missed} missed calls"
    if person.is_tracked and not any("yandex" in lead["tags"] for lead in own):
        yield f"{person.number}: no source on {[lead['tags'] for lead in own]}"


def answered(asked: Mapping[str, str], talks: Mapping[str, Shown], sandbox: Sandbox) -> Iterator[str]:
    """Each answer arrived once, or the card tells of it; never twice, and never neither."""
    services: Any = sandbox.senders.services
    arrived = Counter(
        [
            *(one["text"] for one in sandbox.telegram.messages()),
            *(one["text"] for said in services["vk"].community.messages.values() for one in said if one["out"]),
            *(one["text"]["body"] for one in services["whatsapp"].sent),
            *(one["text"] for one in services["wazzup"].sent),
        ]
    )
    for text, chat in asked.items():
        failure = talks[chat].answers.get(text, "")
        fine = arrived[text] <= 1 if "неизвестно" in failure else arrived[text] == (not failure)
        if not fine:
            yield f"«{text}» to {chat} arrived {arrived[text]} times, and the card says {failure!r}"


def dead(died: Sequence[StoredAction], crm: str) -> Iterator[str]:
    """Only what a person refused, and what nobody can know: whether a message has gone that was cut off on its way.
    amoCRM can be asked for those it got; an open line of Bitrix24 cannot."""
    for one in died:
        reasons = {"reply": ("rejected", "outcome_unknown")}
        if crm == "bitrix24":
            reasons["log_message"] = ("outcome_unknown",)
        if one.reason not in reasons.get(one.kind, ()):
            yield f"dead: {one.kind} of {one.rule}: {one.reason} {json.dumps(one.error, ensure_ascii=False)}"
