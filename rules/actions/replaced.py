"""Before-images: the values of a card that an action replaces, and what puts them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from provodka.cards import CompanyRef, ContactRef, LeadRef
from provodka.crm import (
    CardKind,
    CardRef,
    Company,
    CompanyChange,
    Contact,
    ContactChange,
    LeadChange,
    LeadReopening,
    LeadState,
)
from rules.text import fold, number, same

Card = LeadRef | Contact | Company
Change = LeadChange | ContactChange | CompanyChange

NAME, PRICE, STAGE, CLOSED, RESPONSIBLE, TAG, FIELD = "name", "price", "stage", "closed", "responsible", "tag", "field"
_LONGEST_NAME: Final = 255  # in both CRMs; amoCRM rounds prices, too
_YES: Final = {"да", "1", "true", "yes", "истина"}
_NO: Final = {"нет", "0", "false", "no", "ложь", ""}
_DATES: Final = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%YT%H:%M")


@dataclass(frozen=True, slots=True)
class Replaced:
    """One value of a card that an action replaces: what was there and what it sets, an empty text for nothing.

    `member` is `name` (the title of a lead), `price`, `responsible` (logins), `stage`, `closed`, `tag` or `field`; the
    last two are called `name`. A stage has its pipelines beside it. What was `closed` has left the stage `was`, where
    it was `name` (open, won or lost), and is `now` won or lost.
    """

    member: str
    was: str
    now: str
    name: str = ""
    was_pipeline: str = ""
    now_pipeline: str = ""

    @property
    def what(self) -> str:
        """The value in a word, without anything that could be personal."""
        return f"{self.member} «{self.name}»" if self.member in (TAG, FIELD) else self.member


def replaced(change: Change, card: Card) -> list[Replaced]:
    """What of a card will be another when the change is carried out."""
    named = change.title if isinstance(change, LeadChange) else change.name
    rows = [Replaced(NAME, _name(card), named)] if named else []
    if change.responsible:
        rows.append(Replaced(RESPONSIBLE, card.responsible, change.responsible))
    if isinstance(change, LeadChange) and isinstance(card, LeadRef):
        rows += _of_lead(change, card)
    have = {fold(tag): tag for tag in card.tags}
    rows += [Replaced(TAG, "", tag, tag) for tag in change.add_tags if tag.strip() and fold(tag) not in have]
    rows += [Replaced(TAG, have[fold(tag)], "", tag) for tag in change.remove_tags if fold(tag) in have]
    rows += [Replaced(FIELD, _field(card, name), text.strip(), name) for name, text in change.fields.items()]
    return [row for row in rows if not _agree(row.now, row.was) or row.was_pipeline != row.now_pipeline]


def _of_lead(change: LeadChange, lead: LeadRef) -> list[Replaced]:
    rows = [] if change.price is None else [Replaced(PRICE, str(lead.price), str(change.price))]
    if change.stage or change.pipeline:
        to = lead.pipeline if not change.pipeline or same(change.pipeline, lead.pipeline) else change.pipeline
        rows.append(Replaced(STAGE, lead.stage, change.stage, was_pipeline=lead.pipeline, now_pipeline=to))
    return rows


def still_ours(one: Replaced, card: Card) -> bool:
    """Whether the card shows what the action has set, as far as that can be told."""
    match one.member:
        case "name":
            return same(one.now[:_LONGEST_NAME], _name(card)[:_LONGEST_NAME])
        case "responsible":
            return same(one.now, card.responsible)
        case "tag":
            return any(same(one.name, tag) for tag in card.tags) == bool(one.now)
        case "field":
            return _agree(one.now, _field(card, one.name))
    if not isinstance(card, LeadRef):
        return False
    match one.member:
        case "price":
            return card.price in (Decimal(one.now), Decimal(one.now).quantize(Decimal(1), ROUND_HALF_UP))
        case "closed":
            return card.state == one.now
    return same(one.now, card.stage) and same(one.now_pipeline, card.pipeline)


def lasting(one: Replaced) -> str:
    """Why the old value cannot be put back, whatever the card shows; empty if it can."""
    if one.member == STAGE and not one.now:
        return "the rule named no stage, so that it cannot be told whether somebody has moved the lead since"
    if not one.was and one.member in (NAME, STAGE, CLOSED, RESPONSIBLE):
        return "there was none, or it is not known"
    return ""


def putting_back(card: CardRef, values: Sequence[Replaced]) -> Change:
    """The change that puts these values back."""
    was = {one.member: one for one in values}
    tags = [one for one in values if one.member == TAG]
    common = {
        "responsible": was[RESPONSIBLE].was if RESPONSIBLE in was else "",
        "add_tags": tuple(one.was for one in tags if one.was),
        "remove_tags": tuple(one.name for one in tags if not one.was),
        "fields": {one.name: one.was for one in values if one.member == FIELD},
    }
    name = was[NAME].was if NAME in was else ""
    if card.kind is CardKind.CONTACT:
        return ContactChange(card.id, name, **common)  # type: ignore[arg-type]
    if card.kind is CardKind.COMPANY:
        return CompanyChange(card.id, name, **common)  # type: ignore[arg-type]
    place = was.get(STAGE) or (None if taking_back(card, values) else was.get(CLOSED))
    return LeadChange(
        card.id,
        title=name,
        pipeline=place.was_pipeline if place else "",
        stage=place.was if place else "",
        price=Decimal(was[PRICE].was) if PRICE in was else None,
        **common,  # type: ignore[arg-type]
    )


def taking_back(card: CardRef, values: Sequence[Replaced]) -> LeadReopening | None:
    """What takes a lead that we have closed back to work: unlike a mere move, the CRM is asked whether it can be."""
    closed = next((one for one in values if one.member == CLOSED and one.name == LeadState.OPEN), None)
    return None if closed is None else LeadReopening(card.id, closed.was)


def _name(card: Card | ContactRef | CompanyRef) -> str:
    return card.title if isinstance(card, LeadRef) else card.name


def _field(card: Card, name: str) -> str:
    return next((text for known, text in card.fields.items() if same(known, name)), "")


def _agree(written: str, shown: str) -> bool:
    """Whether a card that shows this text may hold what was written: a CRM has its own way with dates and numbers."""
    if same(written, shown):
        return True
    if None not in (number(written), number(shown)):
        return number(written) == number(shown)
    if (one := _moment(written)) is not None and (other := _moment(shown)) is not None:
        return one.date() == other.date() and (one.time() == other.time() or _is_day(written) or _is_day(shown))
    flags = [fold(text) for text in (written, shown)]
    if all(flag in _YES for flag in flags) or (all(flag in _NO for flag in flags) and "" not in flags):
        return True
    return _parts(written) == _parts(shown)


def _is_day(text: str) -> bool:
    return ":" not in text


def _moment(text: str) -> datetime | None:
    """As it stands on the clocks of the account, whatever zone is written behind it."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        pass
    for form in _DATES:
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007 -- see above
        except ValueError:
            continue
    return None


def _parts(text: str) -> set[str]:
    return {fold(part) for part in _split(text) if part.strip()}


def _split(text: str) -> Iterable[str]:
    return text.replace(";", ",").replace("\n", ",").split(",")
