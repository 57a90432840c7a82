"""`POST /hooks/<channel>` and `/exchange/1c`: verify, store, answer. Nothing is planned or sent here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from typing import Final, Protocol
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Request, Response, abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from connectors.addresses import is_loopback
from connectors.bodies import plain_body
from provodka.channel import (
    Delivery,
    Intake,
    Part,
    Received,
    Receiver,
    RefusedError,
    Reply,
    TakesTurns,
    UnreadableError,
)
from provodka.errors import JournalUnavailableError
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Person, Unreadable
from webhooks.metrics import Metrics

log = structlog.get_logger("webhooks")

_METHODS: Final = ["POST", "GET", "PUT"]  # some senders have only GET (Sipuni, Calltouch)
AGAIN: Final = {"Retry-After": "30"}
"""The header, with the seconds after which it is worth another try, of what is answered while the journal is away."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said where the receiver says nothing: to one who is not known, while the journal is away, and where a bug
    of ours has kept the delivery unread."""

    refused: Reply
    unavailable: Reply
    kept: Reply


FOR_MACHINES: Final = Words(Reply(403, b"forbidden\n"), Reply(503, b"try again later\n"), Reply(body=b"ok"))


class Inbox(Intake, Protocol):
    """The journal, as this room uses it."""

    def parts(self, channel: str, key: str) -> list[Part]: ...


@dataclass(frozen=True, slots=True)
class Door:
    """What the hooks need: the receivers by channel name, the journal, the clock and the largest body in bytes. `heard`
    is told of each delivery, taken or refused, before it is answered; `cut` takes the secrets of the config out of what
    is kept unread."""

    receivers: Mapping[str, Receiver]
    inbox: Inbox
    now: Callable[[], datetime]
    body_limit: int
    metrics: Metrics
    heard: Callable[[str, Received], None] = lambda _channel, _received: None
    cut: Callable[[bytes], bytes] = bytes


def hooks(door: Door) -> Blueprint:
    """The routes of `/hooks/`, and the address at which a 1C expects the site that it exchanges with."""
    blueprint = Blueprint("hooks", __name__)

    @blueprint.route("/hooks/<channel>", methods=_METHODS, defaults={"rest": ""})
    @blueprint.route("/hooks/<channel>/<path:rest>", methods=_METHODS)
    def hook(channel: str, rest: str) -> Response:
        receiver = door.receivers.get(channel)
        if receiver is None:
            abort(404)
        return answer(door, receiver, delivery_of(request, rest, door))

    @blueprint.route("/exchange/1c", methods=_METHODS, defaults={"rest": ""})
    @blueprint.route("/exchange/1c/<path:rest>", methods=_METHODS)  # 1C's own samples end with 1c_exchange.php
    def exchange(rest: str) -> Response:
        return hook("1c", rest)

    return blueprint


def delivery_of(incoming: Request, rest: str, door: Door) -> Delivery:
    """The request as receivers see it; one that is too long ends as 413."""
    if (incoming.content_length or 0) > door.body_limit:
        raise RequestEntityTooLarge
    body = incoming.stream.read(door.body_limit + 1)
    if len(body) > door.body_limit:
        raise RequestEntityTooLarge
    return Delivery(
        method=incoming.method,
        path=rest,
        headers={name.lower(): value for name, value in incoming.headers.items()},
        query=incoming.args.to_dict(),
        body=body,
        received_at=door.now(),
        sender=_sender(incoming),
    )


def _sender(incoming: Request) -> str:
    """Only a proxy on this machine is believed about whom it speaks for; it adds that at the end."""
    address = incoming.remote_addr or ""
    told = incoming.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return told if told and is_loopback(address) else address


def answer(door: Door, receiver: Receiver, delivery: Delivery, words: Words = FOR_MACHINES) -> Response:
    """Have it received, store what it holds, and answer."""
    try:
        received = _read(door, receiver, delivery, words)
        if received.parts and isinstance(receiver, TakesTurns):  # only what is authentic waits for its turn
            with receiver.turn():
                return _store(door, receiver.name, _read(door, receiver, delivery, words), words)
    except JournalUnavailableError as error:
        return _unavailable(door, receiver.name, error, words)
    return _store(door, receiver.name, received, words)


def _read(door: Door, receiver: Receiver, delivery: Delivery, words: Words) -> Received:
    name = receiver.name
    try:
        return receiver.receive(delivery, cache(partial(door.inbox.parts, name)))  # asked once for each key
    except RefusedError as refused:
        return Received(reply=words.refused, refused=str(refused), cure=refused.cure)
    except UnreadableError as unreadable:
        return _kept(door, name, delivery, unreadable)
    except JournalUnavailableError:
        raise
    except Exception as error:
        # a bug of our parser must not lose what the sender will not send again
        log.exception("delivery.parser_failed", channel=name)
        return _kept(door, name, delivery, UnreadableError(f"the parser failed: {type(error).__name__}", words.kept))


def _store(door: Door, name: str, received: Received, words: Words) -> Response:
    try:
        if received.events or received.parts:
            door.inbox.accept(received.events, channel=name, parts=received.parts)
    except JournalUnavailableError as error:
        return _unavailable(door, name, error, words)
    if received.refused:
        log.warning("delivery.refused", channel=name, reason=received.refused)  # no path: it may hold the secret
    door.metrics.delivered(name, "refused" if received.refused else "accepted")
    door.heard(name, received)
    reply = received.reply
    return Response(reply.body, reply.status, dict(reply.headers), content_type=reply.content_type)


def _unavailable(door: Door, name: str, error: JournalUnavailableError, words: Words) -> Response:
    log.warning("delivery.not_stored", channel=name, error=str(error))
    door.metrics.delivered(name, "unavailable")
    return unavailable(words.unavailable)


def unavailable(reply: Reply) -> Response:
    """The reply, which asks to come again."""
    return Response(reply.body, reply.status, AGAIN, content_type=reply.content_type)


def _kept(door: Door, channel: str, delivery: Delivery, unreadable: UnreadableError) -> Received:
    """The body as an event, so that support can see it; of a GET its query. Both without the secrets that they hold."""
    query = {name: text for name, text in delivery.query.items() if name not in ("token", "key")}
    raw, why = (
        door.cut(unreadable.raw or _unpacked(delivery) or urlencode(query).encode()),
        door.cut(str(unreadable).encode()).decode(),
    )
    log.warning("delivery.unreadable", channel=channel, why=why, size=len(raw))
    event = Event(
        id=new_event_id(delivery.received_at),
        type=EventType.UNREADABLE,
        channel=channel,
        external_id=f"unreadable:{sha256(raw).hexdigest()}",
        occurred_at=delivery.received_at,
        received_at=delivery.received_at,
        person=Person(),
        payload=Unreadable(why=why),
        raw=raw,
    )
    return Received(events=(event,), reply=unreadable.reply)


def _unpacked(delivery: Delivery) -> bytes:
    """A secret cannot be seen in what is packed."""
    try:
        return plain_body(delivery)
    except UnreadableError:
        return delivery.body
