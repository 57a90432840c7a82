"""The live feed over real HTTP: what it tells, to whom, and that it takes nothing from webhooks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
import requests

from provodka.journal import ActionState, DeadReason, Journal, lately
from provodka.payloads import CrmHint, EventType, FormSubmitted, Person, Unreadable
from support import following
from support.feed import Cursor, Outcome, lines_of
from tests.cli.playing import EMAIL, NAME, PHONE, RULE, Clock, House, action, timer
from tests.webhooks.console.desk import Desk, Visitor
from tests.webhooks.site import Site
from webhooks.app import create_app
from webhooks.console import feed
from webhooks.console.parts import WrittenRule
from webhooks.metrics import Metrics
from webhooks.places import MOST
from webhooks.receive import Door
from webhooks.server import WebServer


@dataclass(frozen=True)
class Message:
    """One message of a stream. `rows` are what is added, `changed` what is replaced: id of the event and its text."""

    event: str
    id: str
    data: str

    @property
    def rows(self) -> dict[str, str]:
        return _rows(self.data.partition("</ol>")[0])

    @property
    def changed(self) -> dict[str, str]:
        return _rows(self.data.partition("</ol>")[2])


def _rows(html: str) -> dict[str, str]:
    found = re.findall(r'<li id="e-([^"]+)"(.*?)</li>', html, re.DOTALL)
    return {
        id_: re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", text.partition(">")[2]))).strip()
        for id_, text in found
    }


class Stream:
    """A browser's EventSource: messages as they come; the rest of a comment is passed by."""

    def __init__(self, visitor: Visitor, after: str = "", last: str = "", **filters: str) -> None:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        params = {**filters, "after": after} if after else filters
        self.answer = visitor.session.get(
            f"{visitor.url}/feed/stream", params=params, headers=headers, stream=True, timeout=30
        )
        self._messages = self._read()
        self.first = self.next()

    def _read(self) -> Iterator[Message]:
        left = ""
        for chunk in self.answer.raw.read_chunked(decode_content=True):
            left += chunk.decode()
            *blocks, left = left.split("\n\n")
            for block in blocks:
                fields = [line.partition(": ")[::2] for line in block.split("\n") if not line.startswith(":")]
                data = "\n".join(value for name, value in fields if name == "data")
                told = dict(fields)
                if data:
                    yield Message(told.get("event", ""), told.get("id", ""), data)

    def next(self) -> Message:
        return next(self._messages)

    def rest(self) -> list[Message]:
        """Until the server ends it; a connection that broke raises."""
        return list(self._messages)

    def close(self) -> None:
        self.answer.close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to wait for the next look."""
    monkeypatch.setattr(following, "_EVERY", 0.0)
    monkeypatch.setattr(following, "_ASK", 0.0)
    monkeypatch.setattr(feed, "_TICK", 0.01)
    monkeypatch.setattr(feed, "_BEAT", 0.1)


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:
    opened = Desk(
        journal,
        {
            "now": clock,
            "channels": {"site": "tilda"},
            "rules": [WrittenRule(name, "", "", 1) for name in (RULE, "Письмо")],
        },
    )
    yield opened
    opened.close()


@pytest.fixture
def visitor(desk: Desk) -> Visitor:
    return desk.sign_in()


def where(visitor: Visitor, **filters: str) -> str:
    """Where the page stands, as it gives it to its stream."""
    found = re.search(r'data-stream="[^"]*after=([^"&]+)', visitor.get("/feed", **filters).text)
    assert found
    return found[1]


def listed(visitor: Visitor, **filters: str) -> dict[str, str]:
    return _rows(visitor.get("/feed", **filters).text)


def delivered(house: House, number: str = "1", **changes: Any) -> str:
    id_ = house.planned(number, **changes).id
    house.done(lead_id="17", created="yes", responsible="anna")
    house.done(remote_id="5")
    return id_


def test_the_page_lists_the_newest_on_top_with_what_became_of_them(visitor: Visitor, house: House) -> None:
    first = delivered(house)
    second = house.planned("2").id
    house.dead(DeadReason.REJECTED)
    rows = listed(visitor)
    assert list(rows) == [second, first]
    assert "нужен человек Проверьте название этапа в правиле" in rows[second]
    assert "доставлено Лид создан за 3,2 с, ответственный anna; Задача «Позвонить +7916•••1122#" in rows[first]


def test_without_scripts_the_page_is_a_list_with_a_link_to_refresh(visitor: Visitor, house: House) -> None:
    house.event()
    html = visitor.get("/feed", channel="site").text
    assert '<a href="/console/feed?channel=site">Обновить</a>' in html
    assert "Новое появится после обновления" in html
    assert len(html.encode()) < 100_000


def test_an_event_is_told_when_it_comes_and_its_row_changes_in_place(visitor: Visitor, house: House) -> None:
    stream = Stream(visitor, after=where(visitor))
    assert stream.first.event == "live", "at once, though nothing has happened"
    event = house.event()
    ((id_, text),) = stream.next().rows.items()
    assert (id_, "в пути" in text) == (event.id, True)
    house.plan(event, actions=())
    while "без правила" not in text:
        told = stream.next()
        assert told.rows == {}
        text = told.changed[event.id]
    stream.close()


def test_a_stream_that_was_cut_goes_on_where_it_stood(visitor: Visitor, house: House) -> None:
    stream = Stream(visitor, after=where(visitor))
    told = []
    for number in "12":
        house.event(number)
        told.append(stream.next())
    stream.close()
    missed = [house.event(number).id for number in "345"]
    again = Stream(visitor, after=where(visitor, channel="nowhere"), last=told[0].id)
    assert list(again.next().rows) == [*told[1].rows, *missed], "the header counts, not where the page stood"
    sixth = house.event("6").id
    assert list(again.next().rows) == [sixth]
    again.close()


def test_what_changed_between_the_page_and_its_stream_is_told(visitor: Visitor, house: House) -> None:
    event = house.event()
    stood = where(visitor)
    house.plan(event, actions=())
    stream = Stream(visitor, after=stood)
    told = stream.next()
    assert (told.rows, list(told.changed)) == ({}, [event.id])
    stream.close()


@pytest.mark.parametrize(
    "filters", [{}, {"channel": "phone"}, {"type": "unreadable"}, {"rule": RULE}, {"outcome": "needs_person"}]
)
def test_filters_hold_for_the_page_and_for_its_stream(visitor: Visitor, house: House, filters: dict[str, str]) -> None:
    def come(number: str, *, wanted: bool) -> str:
        given = {"channel": "site", "type": "form.submitted"} | (filters if wanted else {})
        kind = EventType(given["type"])
        said = Unreadable("bad body") if kind is EventType.UNREADABLE else FormSubmitted()
        event = house.event(number, channel=given["channel"], type=kind, payload=said)
        house.plan(event, actions=house.usual(event)[:1] if wanted else ())
        if wanted:
            house.dead(DeadReason.REJECTED)
        return event.id

    first, second = come("1", wanted=True), come("2", wanted=False)
    assert list(listed(visitor, **filters)) == ([first] if filters else [second, first])
    stream = Stream(visitor, after=where(visitor, **filters), **filters)
    third, fourth = come("3", wanted=False), come("4", wanted=True)
    told: list[str] = []
    while fourth not in told:
        told += stream.next().rows
    assert told == ([fourth] if filters else [third, fourth])
    stream.close()


def outcome_of(house: House) -> str:
    return house.journal.read(lambda c: lines_of(c, lately.after(c, 0, 1)))[0].outcome


def test_each_outcome_has_its_name(house: House, clock: Clock) -> None:
    event = house.event("1")
    seen = [outcome_of(house)]
    house.plan(event, actions=house.usual(event))
    seen.append(outcome_of(house))
    house.done(lead_id="17")
    house.dead(DeadReason.OUTCOME_UNKNOWN)
    seen.append(outcome_of(house))
    event = house.event("2")
    house.plan(event, actions=(timer(event, RULE, clock()),))
    seen.append(outcome_of(house))
    event = house.event("3", type=EventType.CRM_HINT, payload=CrmHint(("lead:17",)), person=Person())
    house.plan(event, actions=())
    seen.append(outcome_of(house))
    event = house.event("4")
    house.plan(event, actions=(action(event, 0, "note", {}),))
    house.attempt(outcome="done", state=ActionState.CANCELLED)
    seen.append(outcome_of(house))
    house.event("5")
    house.journal.fail_event(house.journal.claim_events(1)[0].seq, "RuleError: нет поля")
    seen.append(outcome_of(house))
    assert seen == [
        Outcome.UNDER_WAY,
        Outcome.UNDER_WAY,
        Outcome.NEEDS_PERSON,
        Outcome.WAITING,
        Outcome.CHECKED,
        Outcome.CANCELLED,
        Outcome.NEEDS_PERSON,
    ]


def test_hints_stand_in_the_feed_when_they_are_asked_for_or_failed(visitor: Visitor, house: House) -> None:
    hint = {"type": EventType.CRM_HINT, "channel": "amocrm", "payload": CrmHint(("lead:17",)), "person": Person()}
    first, second = house.event("1", **hint), house.event("2", **hint)
    house.plan(first, actions=())
    assert listed(visitor) == {}
    assert list(listed(visitor, outcome="checked")) == [first.id]
    assert list(listed(visitor, type="crm.hint")) == [second.id, first.id]
    house.journal.claim_events(1)
    house.journal.fail_event(2, "the card cannot be read")
    assert list(listed(visitor)) == [second.id]


def test_nobody_is_named_in_the_open(visitor: Visitor, house: House) -> None:
    stood = where(visitor)
    delivered(house)
    stream = Stream(visitor, after=stood)
    shown = visitor.get("/feed").text + stream.next().data
    stream.close()
    assert "+7916•••1122" in shown
    for secret in (PHONE, EMAIL, NAME):
        assert secret not in shown


def test_the_stream_is_kept_by_nobody_on_the_way(visitor: Visitor) -> None:
    stream = Stream(visitor)
    headers = stream.answer.headers
    stream.close()
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store, no-transform", "no")


def test_who_is_not_signed_in_is_told_nothing(desk: Desk) -> None:
    answer = requests.get(f"{desk.url}/feed/stream", timeout=30, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/console/sign-in")


def test_a_quiet_stream_says_that_it_is_there_and_where_it_stands(visitor: Visitor, house: House) -> None:
    stream = Stream(visitor, channel="phone")
    house.event()
    chunks = stream.answer.raw.read_chunked()
    beat = next(text for text in (chunk.decode() for chunk in chunks) if text.startswith(": ") and "id: 1-" in text)
    assert Cursor.parse(beat.partition("id: ")[2].strip()) is not None
    stream.close()


@pytest.mark.parametrize("ending", ["signed out in another tab", "user removed", "session over"])
def test_a_stream_ends_with_its_session(desk: Desk, visitor: Visitor, clock: Clock, ending: str) -> None:
    stream = Stream(visitor)
    if ending == "user removed":
        del desk.parts.settings.users["view"]
    elif ending == "session over":
        clock.forward(hours=13)
    else:
        other = Visitor(desk.url)
        other.session.cookies.update(visitor.session.cookies)
        clock.forward(seconds=1)
        other.post("/sign-out", page="/feed")
    assert [message.event for message in stream.rest()] == ([] if "tab" in ending else ["end"])


def test_a_feed_that_nobody_looks_at_keeps_no_session_awake(visitor: Visitor, clock: Clock) -> None:
    clock.forward(hours=11)
    stream = Stream(visitor)  # as the browser asks again by itself
    assert stream.first.event == "live"
    stream.close()
    clock.forward(hours=2)
    assert "Вход в консоль" in visitor.get("/feed").text


@pytest.fixture
def busy(desk: Desk, journal: Journal, clock: Clock) -> Iterator[Visitor]:
    """The console beside a channel that takes what is posted to it, with four threads."""
    door = Door({"site": Site()}, journal, clock, 1000, Metrics())
    server = WebServer(create_app(door, journal, console=lambda: desk.parts), "127.0.0.1", 0, 4)
    server.start()
    visitor = Visitor(f"http://127.0.0.1:{server.port}/console")
    visitor.post("/sign-in", login="view", password="верный пароль")
    yield visitor
    server.stop()


def test_webhooks_are_answered_while_as_many_read_as_may_and_the_next_reader_is_told_so(busy: Visitor) -> None:
    hook = busy.url.replace("/console", "/hooks/site")
    stood = where(busy)
    streams = [Stream(busy, after=stood) for _ in range(MOST)]
    assert {stream.first.event for stream in streams} == {"live"}
    for number in range(4):  # as many as there are threads
        assert requests.post(hook, data=f"n{number}", timeout=30).text == "ok "
    late = Stream(busy, after=stood)
    assert late.first.event == "full"
    (news,) = late.rest()
    assert len(news.rows) == 4, "it is told what is new, and ends"
    for stream in streams:
        told: list[str] = []
        while len(told) < 4:
            told += stream.next().rows
        assert told == list(news.rows), "each of them once, in their order"
        stream.close()


def test_a_place_is_free_again_as_soon_as_its_reader_has_gone(busy: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_BEAT", 60.0)  # nothing is written that could fail
    for stream in [Stream(busy) for _ in range(MOST)]:
        stream.close()
    end = time.monotonic() + 30
    while (stream := Stream(busy)).first.event == "full":
        stream.close()
        assert time.monotonic() < end, "no place was given back"
    stream.close()


def test_the_stop_of_the_house_ends_every_stream_in_order(desk: Desk, visitor: Visitor) -> None:
    streams = [Stream(visitor) for _ in range(3)]
    desk.server.stop()
    assert [stream.rest() for stream in streams] == [[], [], []]


def test_an_outcome_that_there_is_not_hides_nothing(visitor: Visitor, house: House) -> None:
    known = delivered(house)
    assert list(listed(visitor, outcome="person", type="letter")) == [known]
