"""What a message says, whatever its kind and whoever brings it."""

from __future__ import annotations

from dataclasses import dataclass

from provodka.talks import MessageFile


@dataclass(frozen=True, slots=True)
class Content:
    """`own` is what of the text is the writer's own words: a number in somebody's card is not the writer's. `changed`
    is the id of the message that this one corrects or takes back."""

    text: str = ""
    files: tuple[MessageFile, ...] = ()
    button: str = ""
    answers: str = ""
    own: str = ""
    changed: str = ""


def place(latitude: str, longitude: str, *names: str) -> Content:
    """A place on the map, with whatever it is called."""
    address = f"https://maps.google.com/?q={latitude},{longitude}"
    called = ", ".join(filter(None, names))
    return Content(f"Место: {called} {address}" if called else address)


def card(name: str, *phones: str) -> str:
    """A line about somebody's card."""
    return f"Контакт: {name} {', '.join(filter(None, phones))}".strip()
