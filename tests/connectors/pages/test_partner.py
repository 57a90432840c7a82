"""Partners: each has a link, a source and a limit of their own, and sees their own requests alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.partner.channel import PartnerChannel, masked
from connectors.partner.settings import PartnersSettings
from provodka.channel import RefusedError, SentRequest, UnreadableError
from provodka.own_pages import Partner
from provodka.payloads import Person
from tests.connectors.pages.form_posts import NOW, Visitor, around

SECRET = "0123456789abcdef"
PARTNERS: dict[str, Any] = {
    "romashka": {
        "title": "Ромашка",
        "source": "агентство",
        "fields": ["Имя", "Телефон"],
        "per_day": 2,
        "mail": ["orders@romashka.ru"],
    },
    "kc": {"title": "Колл-центр", "secret": SECRET, "per_day": 2},
}
GOOD = {"Имя": "Мария", "Телефон": "8 (916) 111-22-33", "Оператор": "17"}


def settings(**more: Any) -> PartnersSettings:
    fields = [
        {"label": "Имя", "means": "name", "required": True},
        {"label": "Телефон", "kind": "phone", "required": True},
        {"label": "Оператор"},
    ]
    return PartnersSettings.model_validate({"title": "Заявка", "fields": fields, "partners": PARTNERS, **more})


class Requests:
    """The requests that the journal would know of."""

    def __init__(self, *sent: SentRequest) -> None:
        self.sent, self.asked, self.senders = sent, list[tuple[str, str]](), list[Sequence[str]]()

    def of(self, channel: str, prefix: str, most: int, senders: Sequence[str] = ()) -> Sequence[SentRequest]:
        self.asked.append((channel, prefix))
        self.senders.append(senders)
        return self.sent[:most]


def channel(sent: Requests | None = None, **more: Any) -> PartnerChannel:
    return PartnerChannel("partners", settings(**more), around(sent_in=sent))


def partner(key: str = "romashka", sent: Requests | None = None, **more: Any) -> Visitor:
    one = channel(sent, **more)
    return Visitor(one, one.links()[key].rpartition("/")[2])


def program(body: Any, secret: str = SECRET, visitor: Visitor | None = None, **headers: str) -> Any:
    one = visitor or Visitor(channel())
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return one.sends(sent, NOW, **(headers or {"authorization": f"Bearer {secret}"}))


def test_a_request_of_a_partner_names_the_partner_and_only_its_fields() -> None:
    romashka = partner()
    page = romashka.sees()
    assert "Ромашка" in page
    assert "Оператор" not in page
    (event,) = romashka.posts(GOOD).events
    assert event.payload.partner == Partner("romashka", "Ромашка", "агентство")
    assert event.payload.form.fields == {}
    assert event.person.phone == "+79161112233"


def test_the_source_of_a_partner_is_the_title_where_nothing_is_said() -> None:
    (event,) = program(GOOD).events
    assert event.payload.partner.source == "Колл-центр"


@pytest.mark.parametrize("path", ["", "romashka", "romashka-", "kc-{romashka}", "nobody-{romashka}", "{link}x"])
def test_another_link_shows_and_takes_nothing(path: str) -> None:
    link = partner().path
    other = path.format(romashka=link.partition("-")[2], link=link)
    with pytest.raises(RefusedError):
        Visitor(channel(), other).sees()
    with pytest.raises(RefusedError):
        Visitor(channel(), other).posts(GOOD)


def test_a_link_is_taken_back_by_another_revision() -> None:
    old = partner().path
    newer = channel(partners={**PARTNERS, "romashka": {"title": "Ромашка", "revision": 2}})
    with pytest.raises(RefusedError):
        Visitor(newer, old).sees()
    assert newer.links()["romashka"].rpartition("/")[2] != old


def test_above_the_limit_of_the_day_a_partner_is_told_so_and_tomorrow_goes_on() -> None:
    romashka = partner()
    first, second, third = (romashka.posts({**GOOD, "Имя": f"М{n}"}) for n in range(3))
    assert [len(one.events) for one in (first, second, third)] == [1, 1, 0]
    assert third.reply.status == 429
    assert "Сегодня от вас уже 2 заявки" in third.reply.body.decode()
    assert third.refused == "partner romashka is over 2 requests a day"
    assert len(romashka.posts({**GOOD, "Имя": "М0"}).events) == 1  # the first again: it is counted already
    tomorrow = NOW + timedelta(hours=12)  # after midnight in Moscow, not yet in UTC
    assert len(romashka.posts({**GOOD, "Имя": "М2"}, tomorrow).events) == 1


def test_a_partner_sees_what_has_become_of_the_own_requests_alone() -> None:
    maria = Person("Мария Ивановна Петрова", ("+79161112233",))
    sent = Requests(
        SentRequest(NOW, maria),
        SentRequest(NOW, Person("<b>Анна</b>", (), ("anna@example.ru",)), "open"),
        SentRequest(NOW, maria, "won"),
        SentRequest(NOW, maria, "lost"),
    )
    page = partner(sent=sent).sees()
    assert sent.asked == [("partners", "romashka:")]
    assert sent.senders == [("orders@romashka.ru",)]
    states = ["принято", "в работе", "успешно", "отказ"]
    assert [page.index(f">{state}</span>") for state in states] == sorted(page.index(f">{s}</span>") for s in states)
    assert "02.03.2026 12:04" in page
    assert "Мария И. П., +7 ••• ••-33" in page
    assert "9161112233" not in page
    assert "<b>" not in page
    assert "anna@" not in page


def test_what_is_not_to_be_shown_is_not_asked() -> None:
    sent = Requests()
    assert "Ваши заявки" not in partner(sent=sent, shows=False).sees()
    assert sent.asked == []


def test_a_client_is_masked_whatever_is_known() -> None:
    assert masked(Person("Мария")) == "Мария"
    assert masked(Person("", ("+79161112233",))) == "+7 ••• ••-33"
    assert masked(Person("", (), ("maria@example.ru",))) == "m•••@example.ru"
    assert masked(Person()) == "без имени"


def test_a_program_gets_the_id_of_the_request_and_the_same_one_for_a_double() -> None:
    one = Visitor(channel())
    first = program(GOOD, visitor=one)
    again = program(GOOD, visitor=one, **{"x-api-key": SECRET})
    assert (first.reply.status, first.reply.content_type) == (201, "application/json; charset=utf-8")
    assert json.loads(first.reply.body)["id"] == first.events[0].external_id
    assert again.reply == first.reply
    own = program({**GOOD, "id": 42}, visitor=one)
    changed = program({**GOOD, "id": "42", "Имя": "Анна"}, visitor=one)
    assert own.events[0].external_id == changed.events[0].external_id != first.events[0].external_id


def test_a_program_is_told_what_is_wrong() -> None:
    refused = program({"Имя": "Мария", "Телефон": "12"})
    assert refused.reply.status == 422
    assert list(json.loads(refused.reply.body)["errors"]) == ["Телефон"]
    assert refused.refused == "partner kc sent wrong fields: Телефон"
    for body in (b"[1, 2]", b"{", b""):
        with pytest.raises(UnreadableError) as caught:
            program(body)
        assert json.loads(caught.value.reply.body)["id"] == ""


def test_a_program_is_held_to_the_limit_of_the_day() -> None:
    one = Visitor(channel())
    answers = [program({**GOOD, "Имя": f"М{n}"}, visitor=one).reply.status for n in range(3)]
    assert answers == [201, 201, 429]


@pytest.mark.parametrize("headers", [{"authorization": "Bearer wrong"}, {"authorization": f"Basic {SECRET}"}, {}])
def test_a_wrong_key_of_a_program_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        program(GOOD, **(headers or {"x-api-key": "wrong"}))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"partners": {}}, "at least 1"),
        ({"partners": {"ро-машка": {"title": "Р"}}}, "no key of a partner"),
        ({"partners": {"a": {"title": "Р", "fields": ["Имена"]}}}, "there is no field «Имена»"),
        ({"partners": {"a": {"title": "Р", "mail": ["who"]}}}, "no address"),
        (
            {"partners": {"a": {"title": "А", "mail": ["a@b.ru"]}, "b": {"title": "Б", "mail": ["A@b.ru"]}}},
            "a has this",
        ),
    ],
)
def test_a_mistake_in_the_description_is_named(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**wrong)
