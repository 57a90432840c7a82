"""`message`: write to the client, by the first channel that reaches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from provodka.crm import NewNote
from provodka.errors import ConnectorError, Rejected
from provodka.mail_thread import lead_of_stamp, stamp_of
from provodka.messages import ClientMessage, ClientMessenger, LetterKind
from provodka.operation import Done, Outcome, Postponed, Request
from provodka.settings import Strict
from rules.actions.addresses import Addresses, addresses_of, in_order, known_to_crm
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Part, Place, Planning
from rules.actions.desk import Desk, pack, submit, told, unpack
from rules.actions.letters import LETTER, answered, files_of, is_answer, lead_of_letter, why_no_answer
from rules.actions.open_tasks import place
from rules.actions.quiet import Quiet, postponed
from rules.actions.targets import Target, find_targets
from rules.actions.ways import Way, by_ways
from rules.durations import DurationText, parse_duration

NOTE: Final = "note"
EMAIL: Final = "email"
FREE: Final = timedelta(hours=23, minutes=30)
"""Networks that want approved texts take free ones for a day after the client wrote last; the rest is the way there."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]


class MessageParams(Strict):
    """`by`: channels, or their medium (`telegram`, `email`), in their order; without it all that can write to clients.

    `prefer` is a text that yields one of them, to be tried first. In the hours `quiet` nothing is sent: the message
    waits for their end. `once`: not if a message of the same `series` (without one: of the same rule) was sent to this
    person so recently. `note` writes what was sent into the feed. `attach`: names in the folder of the channel, or
    `letter` for the files of the letter that came. `template` is the name of a text that the service has approved, with
    `values` for its places: it goes instead of `text` where the service lets nobody write freely (WhatsApp, a day after
    the client's last message).

    A letter stands in the thread of the newest one with this person about this lead. With `mailing` it begins a thread
    of its own and tells how to unsubscribe.
    """

    text: str = Field(min_length=1)
    subject: str = ""
    by: Texts = ()
    prefer: str = ""
    quiet: Quiet = ""
    once: DurationText | None = None
    series: str = ""
    note: bool = False
    attach: Texts = ()
    template: str = ""
    values: Texts = ()
    mailing: bool = False

    @model_validator(mode="after")
    def _values_for_a_template(self) -> Self:
        if self.values and not self.template:
            raise ValueError("values fill the places of a template: name it")
        return self


class Message(Action[MessageParams]):
    """Values of its result: by (the channel), to, series, letter (the stamp of a letter), replied (whom a letter of a
    rule has answered), reason; without `by` nothing was sent, and `reason` says why.

    A letter that came is answered by a letter at most once a day for each address, and an automatic one never.

    The note is an action of its own that waits for this result: a feed that cannot be written to now must not make the
    client get a message twice.
    """

    name = "message"
    params = MessageParams
    templates = frozenset({"text", "subject", "prefer", "attach", "values"})
    lead = LeadUse.NEEDS

    def plan(self, planning: Planning[MessageParams]) -> dict[str, Any]:
        return {**planning.rendered, "series": planning.params.series or planning.rule}

    def parts(self, params: dict[str, Any]) -> dict[str, Part]:
        parts = {"": Part(params)}
        if params["note"]:
            parts[NOTE] = Part({"text": params["text"], "part": NOTE}, after="")
        return parts

    def ways(self, params: MessageParams) -> Iterator[tuple[Place, str]]:
        yield from ((("by", i), way) for i, way in enumerate(params.by))

    def doubles(self, earlier: MessageParams, later: MessageParams) -> bool:
        return earlier.text == later.text

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        notes = _notes([item for item in items if item.params.get("part") == NOTE], outside)
        decisions: dict[str, Decision] = dict(notes)
        for item in items:
            if item.key not in decisions and (not_now := _not_now(item, outside)) is not None:
                decisions[item.key] = not_now
        left = [item for item in items if item.key not in decisions]
        known = known_to_crm([item for item in left if _first_lacks(item, outside)], Desk(outside))
        decisions |= {item.key: _decision(item, known.get(item.key), outside) for item in left}
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        notes = [d for d in ready if "note" in d.frozen]
        outcomes = submit(Desk(outside).crm.add_notes, NewNote, "note", notes) if notes else {}

        def by(channel: str, some: list[tuple[Decided, Way]]) -> dict[str, Outcome]:
            correspondent = outside.correspondents.get(channel)
            if correspondent is None:
                raise Rejected(f"there is no channel {channel} any more", hint="Верните канал в настройки")
            requests = [Request(d.item.key, unpack(ClientMessage, way["request"]), d.unsure_since) for d, way in some]
            return dict(zip((r.key for r in requests), correspondent.write(requests), strict=True))

        outcomes |= by_ways([d for d in ready if "ways" in d.frozen], by, {})
        return [_told(outcomes[d.item.key], d) for d in ready]


def _not_now(item: Delivery, outside: Outside) -> Postponed | Done | None:
    """The client's quiet hours first: who was written to is known only when the message goes."""
    if (later := postponed(item.params["quiet"], outside)) is not None:
        return later
    series, once = item.params["series"], item.params["once"]
    if once is None:
        return None
    last = outside.links.last_message(item.lane_identities, series)
    if last is None or outside.calendar.add(parse_duration(once), last) <= outside.now:
        return None
    reason = f"«{series}» was sent on {outside.calendar.local(last):%d.%m.%Y %H:%M}: not again within {once}"
    return Done(values={"series": series, "reason": reason})


def _first_lacks(item: Delivery, outside: Outside) -> bool:
    """Whether the channel that is wanted most has no address of this person in what we know ourselves."""
    wanted = _wanted(item, outside)
    return bool(wanted) and outside.crm is not None and not addresses_of(item).to(wanted[0])


def _wanted(item: Delivery, outside: Outside) -> list[ClientMessenger]:
    files = bool(item.params["attach"])
    wanted = in_order(item, outside.correspondents)
    return [channel for channel in wanted if channel.carries_files or not files]


def _decision(item: Delivery, known: Addresses | ConnectorError | None, outside: Outside) -> Decision:
    addresses = addresses_of(item)
    if isinstance(known, Addresses):
        addresses = addresses.and_those(known)
    wanted = _wanted(item, outside)
    ways: list[Way] = []
    held: list[str] = []
    for channel in wanted:
        to = addresses.to(channel)
        if to and channel.medium == EMAIL and (why := why_no_answer(item, to, outside)):
            held.append(why)
        elif to:
            ways.append({"by": channel.name, "request": pack(_message(item, channel, to, outside))})
    if held and not ways:
        return Done(values={"series": item.params["series"], "reason": held[0]})
    if not ways and isinstance(known, ConnectorError) and not isinstance(known, Rejected):
        return known
    if not ways:
        names = ", ".join(channel.name for channel in wanted) or "none that could carry this message"
        return Rejected(
            f"no channel reaches this person: {names}",
            hint="У клиента нет адреса ни в одном из каналов: добавьте его почту в карточку или другой канал в by",
        )
    needed = item.needed or {}
    lead = {name: needed.get(name, "") for name in ("lead_id", "contact_id", "responsible", "url")}
    first = _way(ways[0])  # for a person who settles it as sent
    told = {"series": item.params["series"], **first, **lead}
    return {"ways": ways, "told": {name: value for name, value in told.items() if value}}


def _message(item: Delivery, channel: ClientMessenger, to: str, outside: Outside) -> ClientMessage:
    attach = tuple(name for name in item.params["attach"] if name != LETTER)
    files = files_of(item) if LETTER in item.params["attach"] else ()
    template, values = item.params.get("template", ""), tuple(item.params.get("values", ()))
    if template and _takes_free_texts(item, channel, outside):
        template, values = "", ()
    subject = item.params["subject"]
    message = ClientMessage(to, item.params["text"], subject, (), files, attach, template, values)
    return _as_letter(item, message, outside) if channel.medium == EMAIL else message


def _as_letter(item: Delivery, message: ClientMessage, outside: Outside) -> ClientMessage:
    """With the thread that it stands in, and the stamp by which the answer to it is found."""
    lead = lead_of_letter(item, outside)
    stamp = stamp_of(lead, item.key)
    if item.params.get("mailing"):
        return replace(message, stamp=stamp, kind=LetterKind.MAILING)
    subject, thread = answered(item, message.to, lead, outside)
    kind = LetterKind.ANSWER if is_answer(item, message.to) else LetterKind.NOTICE
    return replace(message, subject=message.subject or subject, thread=thread, stamp=stamp, kind=kind)


def _takes_free_texts(item: Delivery, channel: ClientMessenger, outside: Outside) -> bool:
    """Whether the client has written there so lately that no approved text is needed."""
    heard = outside.links.last_heard(item.lane_identities, channel.name)
    return heard is not None and outside.now - heard < FREE


def _told(outcome: Outcome, d: Decided) -> Outcome:
    """With the channel that it went by, and the address there."""
    if not isinstance(outcome, Done) or "ways" not in d.frozen:
        return told(outcome, d.frozen["told"])
    way = next(way for way in d.frozen["ways"] if way["by"] == outcome.values["by"])
    return told(outcome, {**d.frozen["told"], **_way(way)})


def _way(way: Way) -> dict[str, str]:
    """What the journal is told of the way that a message went: of a letter also by what its answer is known."""
    request = way["request"]
    values = {"by": way["by"], "to": request["to"]}
    if stamp := request.get("stamp", ""):
        replied = request["to"] if request["kind"] == LetterKind.ANSWER else ""
        values |= {"letter": stamp, "lead_id": lead_of_stamp(stamp), "replied": replied}
    return values


def _notes(items: Sequence[Delivery], outside: Outside) -> Mapping[str, Decision]:
    """What was sent, into the feed; nothing where nothing was."""
    sent = [item for item in items if (item.needed or {}).get("by")]
    targets = find_targets(sent, Desk(outside)) if sent else {}
    skipped: dict[str, Decision] = {
        item.key: Done(values={"reason": "nothing was sent, so that there is nothing to note"}) for item in items
    }
    return {**skipped, **{item.key: _note(item, targets[item.key]) for item in sent}}


def _note(item: Delivery, target: Target | ConnectorError) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    needed = item.needed or {}
    text = f"Отправлено клиенту ({needed['by']}, {needed.get('to', '')}):\n{item.params['text']}"
    note = NewNote(text, target.lead_id, "" if target.lead_id else target.contact_id)
    return {"note": pack(note), "told": place(target)}
