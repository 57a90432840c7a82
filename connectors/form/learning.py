"""Learning from a sample how a sender's body is to be read: a proposal for `map` and `defaults` of a `form`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

from connectors.bodies import fields_of
from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings
from connectors.form.xml import is_xml, xml_fields
from connectors.marks import CLICK_IDS
from connectors.shapes import plain_fields
from connectors.visit import Target, answers_of, places_of
from provodka import identity
from provodka.channel import Delivery, UnreadableError
from provodka.event import Event
from provodka.secret_names import is_secret_name

_HERE: Final = "sample"
_LETTER: Final = re.compile(
    rb"(?:Return-Path|Received|Delivered-To|From|Date|Subject|Message-ID|MIME-Version):", re.IGNORECASE
)
_NAME: Final = re.compile(r"[А-ЯЁA-Z][а-яёa-z]+(?: [А-ЯЁA-Z][а-яёa-z]+){1,2}")
_ADDRESS: Final = re.compile(r"https?://\S+")
_NUMBER: Final = re.compile(r"(?:^|[._-]|(?<=[a-z])(?=I))(?:id|uuid|guid|number|num|no|номер|заявки)$", re.IGNORECASE)
_NO_KEY: Final = re.compile(r"form|quiz|site|page|user|visitor|client|project|account|spreadsheet|block", re.IGNORECASE)
_LONG: Final = 40
_READY: Final = {
    "tilda": {"tranid", "formid"},
    "marquiz": {"quiz", "contacts"},
    "carrotquest": {"event", "user", "token"},
    "taplink": {"action", "data"},
}  # kinds of channels that know their sender by itself, by the fields that it always sends
_ORDER: Final = ("name", "surname", "phone", "email", "comment", "page", "form", "form_id", "cookies")


@dataclass(frozen=True, slots=True)
class Taken:
    """One target, where it stands, what stands there in the sample, and why it is thought to be that."""

    target: str
    path: str
    sample: str
    why: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Learned:
    """A proposal. `left` are the answers that stay in `form.fields`; `key` a path that may be the sender's own number;
    `event` is what the receiver makes of the sample by `map` and `defaults`."""

    kind: str
    taken: tuple[Taken, ...]
    map: Mapping[str, str]
    defaults: Mapping[str, str]
    unsure: tuple[str, ...]
    left: tuple[str, ...]
    key: str
    event: Event


def learn(body: bytes, at: datetime, title: str) -> Learned:
    """Read a sample body. `title` names the form where the sender does not. Raises UnreadableError with the cure."""
    if _LETTER.match(body):
        raise UnreadableError("this is a letter: forms that come by mail are a channel imap with own_addresses")
    delivery = Delivery("POST", _HERE, {}, {}, body, at)
    kind = "XML" if is_xml(delivery) else "JSON" if body.lstrip().startswith((b"{", b"[")) else "form"
    fields = xml_fields(delivery) if is_xml(delivery) else fields_of(delivery)
    if not fields:
        raise UnreadableError("the sample is empty")
    plain = plain_fields(fields)
    taken = tuple(_taken(plain))
    targets = {one.target: one.path for one in taken if one.target in get_args(Target)}
    mapped: dict[str, str] = {target: targets[target] for target in _ORDER if target in targets}
    defaults = {} if "form" in mapped else {"form": title}
    settings = {"secret": _HERE, "map": mapped, "defaults": defaults, "spam": {"markup": False}}
    channel = FormChannel("sample", FormSettings.model_validate(settings))
    (event,) = channel.receive(delivery, lambda _key: ()).events
    paths, texts = {one.path for one in taken}, answers_of(plain)
    left = tuple(path for path in texts if path not in paths and not is_secret_name(path))
    key = next((path for path in left if _is_key(path) and not _is_somebodys(texts[path])), "")
    return Learned(kind, taken, mapped, defaults, tuple(_unsure(taken, key, fields)), left, key, event)


def _taken(fields: Mapping[str, Any]) -> Iterator[Taken]:
    """By its name first; what no name tells, by what stands there."""
    named, answers = places_of(fields), answers_of(fields)
    taken = {path for path, _ in named.values()}
    for target in (*_ORDER, *(one for one in named if one not in _ORDER)):
        if target in named:
            path, text = named[target]
            wrong = (target == "phone" and not _phone(text)) or (target == "email" and not identity.emails_in(text))
            yield Taken(target, path, text, "it is named so, but holds none" if wrong else "by its name", not wrong)
    for target, reads in _BY_VALUE.items():
        if target in named:
            continue
        for path, text in answers.items():
            if path not in taken and not is_secret_name(path) and reads(text):
                taken.add(path)
                yield Taken(target, path, text, "by what stands there", sure=target in ("phone", "email"))
                break


def _phone(text: str) -> bool:
    return bool(identity.phone(text) or identity.phones_in(text))


_BY_VALUE: Final[Mapping[str, Callable[[str], bool]]] = {
    "phone": lambda text: bool(identity.phone(text)) and not text.isalpha(),
    "email": lambda text: identity.email(text) != "",
    "name": lambda text: _NAME.fullmatch(text) is not None,
    "page": lambda text: _ADDRESS.fullmatch(text) is not None,
    "comment": lambda text: len(text) > _LONG and " " in text and not _ADDRESS.match(text),
}


def _is_somebodys(text: str) -> bool:
    """A second phone or email is no number of a submission, whatever its name."""
    return identity.phone(text) != "" or identity.email(text) != ""


def _is_key(path: str) -> bool:
    last = path.rpartition(".")[2]
    return _NUMBER.search(last) is not None and not _NO_KEY.search(path) and last.lower() not in CLICK_IDS


def _unsure(taken: tuple[Taken, ...], key: str, fields: Mapping[str, Any]) -> Iterator[str]:
    targets = {one.target for one in taken}
    for kind, names in _READY.items():
        if names <= fields.keys():
            yield f"this looks like {kind}: a channel of type {kind} knows it without a map"
    for one in taken:
        if not one.sure:
            yield f"{one.target}: {one.path} ({one.why})"
    if not targets & {"phone", "email"}:
        yield "neither a phone nor an email was found: name it in map, or nobody can be recognised by this form"
    if "name" not in targets:
        yield "no name was found: the card will be called by the phone"
    if key:
        yield f"{key} may be the sender's own number: write id: {key} into map if it differs with every submission"
