"""Where a client can be reached: by what we know of them ourselves, and by what the CRM knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provodka.errors import ConnectorError, Rejected
from provodka.messages import ClientMessenger
from rules.actions.base import Delivery
from rules.actions.desk import Desk
from rules.actions.targets import Target, find_targets
from rules.text import fold

_WORDS: Final = {
    "telegram": ("телеграм", "телеграмм", "телега", "тг", "tg"),
    "whatsapp": ("ватсап", "ватсапп", "вацап", "вотсап", "воцап", "вотсапп", "whats app", "wa", "вапп"),
    "viber": ("вайбер", "вибер"),
    "vk": ("вк", "вконтакте", "в контакте", "vkontakte", "vk.com"),
    "max": ("макс", "мессенджер max", "мессенджер макс"),
    "avito": ("авито",),
    "instagram": ("инстаграм", "инстаграмм", "инста", "insta", "директ"),
    "sms": ("смс", "эсэмэс", "sms-сообщение", "смс-сообщение"),
    "email": ("почта", "e-mail", "mail", "письмо", "электронная почта", "smtp"),
}
"""How people write a medium into a field of the CRM."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Identities of a person (`email:…`, `telegram:…`), the likeliest first."""

    identities: tuple[str, ...] = ()

    def to(self, channel: ClientMessenger) -> str:
        """The address in this channel, or an empty text."""
        for kind in channel.reaches:
            for identity in self.identities:
                if identity.startswith(f"{kind}:"):
                    return identity.removeprefix(f"{kind}:")
        return ""

    def and_those(self, others: Addresses) -> Addresses:
        return Addresses((*self.identities, *others.identities))


def addresses_of(item: Delivery) -> Addresses:
    """The event's own person, then all that is known of its lane."""
    return Addresses((*item.event.person.identities, *item.lane_identities))


def known_to_crm(items: Sequence[Delivery], desk: Desk) -> dict[str, Addresses | ConnectorError]:
    """By action key, what the card of the person says."""
    targets = find_targets(items, desk) if items else {}
    cards = {key: one.contact_id for key, one in targets.items() if isinstance(one, Target) and one.contact_id}
    known: dict[str, Addresses | ConnectorError] = {k: o for k, o in targets.items() if isinstance(o, ConnectorError)}
    try:
        contacts = desk.crm.contacts(list(dict.fromkeys(cards.values()))) if cards else {}
    except Rejected:
        raise  # the fault of one of them: the caller tries them one by one
    except ConnectorError as error:
        return {**known, **dict.fromkeys(cards, error)}
    for key, card in cards.items():
        if (contact := contacts.get(card)) is not None:
            emails = (f"email:{email}" for email in contact.emails)
            known[key] = Addresses((*emails, *(f"phone:{phone}" for phone in contact.phones)))
    return known


def in_order(item: Delivery, channels: Mapping[str, ClientMessenger]) -> list[ClientMessenger]:
    """The channels to try: as the step says, the preferred ones first; of one medium the event's own channel first."""
    own = sorted(channels.values(), key=lambda channel: channel.name != item.event.channel)
    wanted = item.params["by"] or [channel.medium for channel in channels.values()]
    order = [channel for word in wanted for channel in own if word in (channel.name, channel.medium)]
    prefer = fold(item.params["prefer"])
    order.sort(key=lambda channel: not (prefer and _is_called(channel, prefer)))
    return list({channel.name: channel for channel in order}.values())


def _is_called(channel: ClientMessenger, word: str) -> bool:
    return word in (fold(channel.name), channel.medium, *_WORDS.get(channel.medium, ()))
