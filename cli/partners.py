"""Partners: what the pages show of their requests, and `provodka partners`, which tells the integrator their links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cli.show import Exit, View, table
from connectors.registry import CHANNELS
from provodka.channel import SentRequest
from provodka.journal import Journal
from provodka.journal.requests import sent_in

if TYPE_CHECKING:
    from cli.house import House
    from connectors.crm.standing import MirrorStanding


class JournalSentIn:
    """`provodka.channel.SentIn` of the journal, and of the mirror of the CRM `system` (empty where there is no CRM)."""

    def __init__(self, journal: Journal, system: str) -> None:
        self._journal, self._system = journal, system

    def of(self, channel: str, prefix: str, most: int, senders: Sequence[str] = ()) -> Sequence[SentRequest]:
        """See the protocol."""
        sent = self._journal.read(lambda c: sent_in(c, channel, prefix, most, senders))
        leads = [one.lead for one in sent if one.lead]
        states = self._standing.states(leads) if self._system and leads else {}
        return [SentRequest(one.at, one.person, _state(one.lead, states)) for one in sent]

    @cached_property
    def _standing(self) -> MirrorStanding:
        """Loaded when a page first asks, not by every web process."""
        from connectors.crm.standing import MirrorStanding

        return MirrorStanding(self._system, self._journal.store)


def _state(lead: str, states: dict[str, Any]) -> str:
    """A lead that the mirror does not have yet was made just now."""
    return str(states.get(lead, "open")) if lead else ""


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """What `--json` prints of a partner."""

    channel: str
    key: str
    title: str
    link: str
    per_day: int
    today: int
    mail: tuple[str, ...]
    program: bool


def partners(house: House, view: View) -> int:
    """Every partner with the link to give them."""
    lines = list(_lines(house))
    if view.as_json:
        view.json(lines)
        return Exit.FINE
    if not lines:
        view.print("There are no partners: add a channel of type partner.")
        return Exit.FINE
    rows = [(one.channel, one.key, one.title, f"{one.today} of {one.per_day}", _ways(one), one.link) for one in lines]
    view.print(table(("channel", "partner", "title", "today", "also by", "link"), rows))
    if not house.config.server.public_url:
        view.print("The links are only paths: set server.public_url, so that partners can open them.")
    return Exit.FINE


def _ways(one: PartnerLine) -> str:
    return ", ".join((*one.mail, *(("JSON",) if one.program else ())))


def _lines(house: House) -> Iterator[PartnerLine]:
    day = house.now.astimezone(house.around.zone).strftime("%Y%m%d")
    for name, settings in house.config.channels.items():
        if settings.type != "partner":
            continue
        channel = CHANNELS["partner"].open("page", name, settings, house.around)
        for key, link in channel.links().items():
            one = settings.partners[key]
            today = len(house.journal.parts(name, f"day:{key}:{day}"))
            yield PartnerLine(name, key, one.title, link, one.per_day, today, one.mail, one.secret is not None)
