"""`log_letter`: show a letter in the card, once, with its files and with whoever takes part in it and is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import Field

from provodka.crm import CardKind, CardRef, NewFile, NewNote
from provodka.errors import ConnectorError
from provodka.mail import Mail
from provodka.mail_thread import mail_of, mark_of
from provodka.operation import Outcome
from provodka.payloads import Attachment
from provodka.settings import Size, Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Part, Planning
from rules.actions.desk import Desk, pack, submit
from rules.actions.letter_note import fitting, note_of
from rules.actions.participant import Participant, others_of
from rules.actions.shown import hang_files, shown_before, with_words
from rules.actions.targets import Target, find_targets, with_leads

OFFER: Final = "offer"
ADD: Final = "add"
MOST_PEOPLE: Final = 20
"""More of one letter are no participants but an address list."""


class LogLetterParams(Strict):
    """`limit` is how many characters of the text are shown. Of the files at most `count`, each not over `most` and
    together not over `total` bytes, are put into the card; what is left out is named in the note.

    `participants`: of those who take part in the letter and are not on the card, `offer` names them in the note, `add`
    makes them contacts of the lead, `off` does neither; left out are the staff, and the addresses and domains of
    `skip`. `people` are the addresses that are looked at.
    """

    limit: int = Field(default=10_000, ge=100, le=60_000)
    files: bool = True
    count: int = Field(default=20, ge=1, le=100)
    most: Size = 20 * 1024 * 1024
    total: Size = 60 * 1024 * 1024
    participants: Literal["offer", "add", "off"] = "offer"
    skip: tuple[str, ...] = ()
    people: str = "{{ message.participants | map(attribute='email') | join(', ') }}"


class LogLetter(Action[LogLetterParams]):
    """A letter that came, or that one of ours has sent; the same letter out of several mailboxes only once.

    Values of its result: lead_id, contact_id, logged (the letter's mark), files, participants (who is new), known (who
    is on the card), reason (how the letter got to its lead).
    """

    name = "log_letter"
    params = LogLetterParams
    templates = frozenset({"people"})
    lead = LeadUse.NEEDS
    reads = frozenset({"message"})

    def plan(self, planning: Planning[LogLetterParams]) -> dict[str, Any]:
        params = planning.params
        people = (
            others_of(planning.rendered["people"], planning.team, params.skip) if params.participants != "off" else []
        )
        sizes = {"most": params.most, "total": params.total}
        return {**planning.rendered, **sizes, "people": people[:MOST_PEOPLE], "too_many": len(people) > MOST_PEOPLE}

    def parts(self, params: dict[str, Any]) -> dict[str, Part]:
        """Those who are to be added, each by an action of its own behind the note: it tells who is there already."""
        own = {name: value for name, value in params.items() if name != "skip"}
        adding = params["people"] if params["participants"] == ADD else []
        added = {one: Part({"name": "", "phone": "", "email": one}, Participant.name, after="") for one in adding}
        return {"": Part(own), **added}

    def doubles(self, earlier: LogLetterParams, later: LogLetterParams) -> bool:  # noqa: ARG002 -- any two
        return True

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        marks = {item.key: mark_of(mail, item.event.id) for item in items if (mail := mail_of(item.event.payload))}
        decisions = shown_before(items, marks, "letter", outside)
        rest = [item for item in items if item.key not in decisions]
        targets = find_targets(rest, desk) if rest else {}
        on_cards = _on_cards([item for item in rest if _asks(item)], targets, desk)
        for item in rest:
            decisions[item.key] = _decision(item, targets[item.key], on_cards.get(item.key, ()), marks[item.key])
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        crm = Desk(outside).crm
        hung, left = hang_files(ready, crm)
        notes = submit(crm.add_notes, NewNote, "note", left)
        return [with_words(d, hung[d.item.key], notes.get(d.item.key)) for d in ready]


def _asks(item: Delivery) -> bool:
    """Whether it has to be read who is on the card: not of the one person whom an intake has just taken in."""
    people = set(item.params["people"])
    alone = people <= {email.casefold() for email in item.event.person.emails}
    return bool(people) and not (alone and item.needed)


def _on_cards(
    items: Sequence[Delivery], targets: Mapping[str, Target | ConnectorError], desk: Desk
) -> dict[str, frozenset[str] | ConnectorError]:
    """By action key, the addresses of the contacts of the lead; two calls for the batch."""
    read = with_leads({item.key: targets[item.key] for item in items}, desk) if items else {}
    contacts = {key: _contacts(one) for key, one in read.items() if isinstance(one, Target)}
    wanted = tuple(dict.fromkeys(id_ for ids in contacts.values() for id_ in ids))
    try:
        cards = desk.crm.contacts(wanted) if wanted else {}
    except ConnectorError as error:
        return dict.fromkeys(contacts, error)
    emails = {
        key: frozenset(email.casefold() for id_ in ids if id_ in cards for email in cards[id_].emails)
        for key, ids in contacts.items()
    }
    return {**{key: one for key, one in read.items() if isinstance(one, ConnectorError)}, **emails}


def _contacts(target: Target) -> tuple[str, ...]:
    if target.lead is not None:
        return target.lead.contacts
    return (target.contact_id,) if target.contact_id else ()


def _decision(
    item: Delivery, target: Target | ConnectorError, on_card: Sequence[str] | frozenset[str] | ConnectorError, mark: str
) -> Decision:
    if isinstance(target, ConnectorError):
        return target
    if isinstance(on_card, ConnectorError):
        return on_card
    mail, params = mail_of(item.event.payload) or Mail(), item.params
    known = [one for one in params["people"] if one in on_card] if _asks(item) else list(params["people"])
    new = [one for one in params["people"] if one not in known]
    files, left_out = fitting(mail, params)
    text = note_of(item.event, mail, params, files, left_out, new if params["participants"] == OFFER else ())
    kind, id_ = (CardKind.LEAD, target.lead_id) if target.lead_id else (CardKind.CONTACT, target.contact_id)
    values = {
        "lead_id": target.lead_id,
        "contact_id": target.contact_id,
        "responsible": target.responsible,
        "logged": mark,
        "files": _names(files),
        "participants": ", ".join(new),
        "known": ", ".join(known),
        "reason": target.why,
    }
    return {
        "files": [pack(NewFile(file, CardRef(kind, id_))) for file in files],
        "note": pack(NewNote(text, target.lead_id, "" if target.lead_id else target.contact_id)),
        "told": {name: value for name, value in values.items() if value},
    }


def _names(files: Sequence[Attachment]) -> str:
    return ", ".join(file.name for file in files)
