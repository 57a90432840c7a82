"""The form page: what it asks, what it takes, and what robots get from it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from connectors.page.channel import PageChannel
from connectors.page.settings import PageSettings
from connectors.pages.colour import DARK, ENOUGH, LIGHT, contrast, on, readable
from connectors.pages.fields import STAMP, TRAP
from connectors.pages.guard import Posts, visitor_of
from provodka.channel import RefusedError, UnreadableError
from provodka.own_pages import LeadMarks
from provodka.payloads import EventType, Person, Utm
from tests.connectors.pages.form_posts import KEY, NOW, Visitor, around

FIELDS: list[dict[str, Any]] = [
    {"label": "Как вас зовут", "name": "Имя", "means": "name", "required": True},
    {"label": "Телефон", "kind": "phone", "required": True, "hint": "Позвоним один раз"},
    {"label": "Почта", "kind": "email"},
    {"label": "Материал", "kind": "choice", "options": ["Профнастил", "Черепица"]},
    {"label": "Ещё", "kind": "several", "options": ["Водостоки", "Утепление"]},
    {"label": "Площадь", "kind": "number"},
    {"label": "Когда", "kind": "date"},
    {"label": "Комментарий", "kind": "long", "means": "comment"},
    {"label": "Присылать новости", "kind": "consent"},
]
GOOD = {"Имя": "Мария", "Телефон": "8 (916) 111-22-33"}


def settings(**more: Any) -> PageSettings:
    return PageSettings.model_validate({"title": "Замер", "fields": FIELDS, **more})


def visitor(path: str = "", **more: Any) -> Visitor:
    return Visitor(PageChannel("zamer", settings(**more), around()), path)


def error_at(page: str, field: str) -> str:
    """What the page says is wrong with a field, found as a screen reader finds it."""
    tag = next(tag for tag in re.findall(r"<(?:input|textarea|select)[^>]*>", page) if f'name="{field}"' in tag)
    told = re.search(r'aria-describedby="([^"]*)"', tag)
    assert told is not None, tag
    assert 'aria-invalid="true"' in tag
    place = next(one for one in told[1].split() if one.endswith("-error"))
    text = re.search(rf'id="{place}">(.*?)</p>', page)
    assert text is not None
    return unescape(re.sub("<[^>]*>", "", text[1])).removeprefix("Ошибка: ")


def test_what_people_fill_in_becomes_a_form_with_its_person() -> None:
    received = visitor().posts(
        {
            **GOOD,
            "Почта": "Maria@Example.ru",
            "Материал": "Черепица",
            "Ещё": ["Водостоки", "Утепление"],
            "Площадь": "1 200,5",
            "Когда": "10.03.2026",
            "Комментарий": "Дом\nу реки",
            "Присылать новости": "да",
        }
    )
    (event,) = received.events
    assert event.type is EventType.FORM_SUBMITTED
    assert event.person == Person("Мария", ("+79161112233",), ("maria@example.ru",))
    assert (event.payload.form.name, event.payload.form.page) == ("Замер", "https://we.example.ru/f/zamer")
    assert event.payload.form.comment == "Дом\nу реки"
    assert event.payload.form.fields == {
        "Материал": "Черепица",
        "Ещё": "Водостоки, Утепление",
        "Площадь": "1200.5",
        "Когда": "2026-03-10",
        "Присылать новости": "да",
    }
    assert "Отправлено" in received.reply.body.decode()


def test_two_who_say_nothing_of_themselves_may_say_the_same() -> None:
    asked = [{"label": "Оценка", "kind": "choice", "options": ["4", "5"]}]
    somebody = visitor(fields=asked)
    keys = [somebody.posts({"Оценка": "5"}, seconds=one).events[0].external_id for one in (60, 60, 61)]
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)
    known = visitor()
    assert len({known.posts(GOOD, seconds=one).events[0].external_id for one in (60, 61)}) == 1


def test_the_marks_of_the_address_survive_in_the_post() -> None:
    somebody = visitor()
    somebody.query = {"utm_source": "yandex", "utm_campaign": "крыши", "yclid": "42", "чужое": "1"}
    (event,) = somebody.posts(GOOD).events
    assert event.payload.utm == Utm("yandex", "", "крыши", clicks={"yclid": "42"})


def test_a_field_may_be_filled_in_by_the_address() -> None:
    somebody = visitor()
    somebody.query = {"Имя": 'Мария "Маша" <b>'}
    assert 'value="Мария &#34;Маша&#34; &lt;b&gt;"' in somebody.sees()


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("Имя", "", "Заполните это поле"),
        ("Телефон", "12", "Это не похоже на номер"),
        ("Почта", "мария", "Это не похоже на адрес"),
        ("Площадь", "много", "Напишите число"),
        ("Площадь", "NaN", "Напишите число"),
        ("Когда", "31.02.2026", "Напишите дату"),
        ("Имя", "М" * 301, "не больше 300"),
        ("Комментарий", "х" * 5001, "не больше 5000"),
    ],
)
def test_a_mistake_stands_beside_its_field_and_nothing_typed_is_lost(field: str, typed: str, told: str) -> None:
    received = visitor().posts({**GOOD, "Ещё": "Водостоки", "Материал": "Черепица", field: typed})
    assert (received.events, received.reply.status) == ((), 422)
    page = received.reply.body.decode()
    assert told in error_at(page, field)
    assert page.count('value="Водостоки" checked') == 1
    assert page.count('value="Черепица" checked') == 1
    assert (f">\n{typed}</textarea>" if field == "Комментарий" else f'value="{typed}"') in page
    assert "<title>Ошибка: Замер</title>" in page


def test_an_option_that_was_not_offered_is_no_answer() -> None:
    received = visitor().posts({**GOOD, "Материал": "Золото"})
    assert "Выберите из списка" in received.reply.body.decode()
    assert received.events == ()


def test_without_the_consent_nothing_is_taken() -> None:
    somebody = visitor(consent={"link": "https://krovlya.ru/privacy"})
    assert 'href="https://krovlya.ru/privacy"' in somebody.sees()
    refused = somebody.posts(GOOD)
    assert refused.events == ()
    assert "Без согласия" in error_at(refused.reply.body.decode(), "prv_consent")
    assert len(somebody.posts({**GOOD, "prv_consent": "да"}).events) == 1


def test_html_in_answers_is_shown_as_it_was_typed_and_never_run() -> None:
    evil = '</textarea><script>alert(1)</script>"><img src=x onerror=alert(1)>'
    page = visitor().posts({"Имя": evil, "Комментарий": evil, "Телефон": evil}).reply.body.decode()
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") == 3
    (event,) = visitor().posts({**GOOD, "Имя": evil}).events
    assert event.person.name == evil


def test_a_double_press_is_one_event_and_another_answer_another() -> None:
    somebody = visitor()
    first = somebody.posts(GOOD)
    again = somebody.posts(GOOD, NOW + timedelta(seconds=1))
    assert again.events[0].external_id == first.events[0].external_id
    assert somebody.posts({**GOOD, "Имя": "Анна"}).events[0].external_id != first.events[0].external_id
    later = somebody.posts(GOOD, NOW + timedelta(minutes=11))
    assert later.events[0].external_id != first.events[0].external_id


@pytest.mark.parametrize(
    ("fields", "seconds", "why"),
    [
        ({TRAP: "https://casino.example"}, 60, "the field that people do not see is filled in"),
        ({}, 1, "filled in within 1 s"),
        ({STAMP: ""}, 60, "the stamp of the page is not ours"),
        ({STAMP: "6b0cd774-" + "a" * 26}, 60, "the stamp of the page is not ours"),
        ({}, -600, "the stamp of the page is not ours"),
    ],
)
def test_a_robot_is_thanked_and_what_it_sent_is_kept_for_support(
    fields: dict[str, str], seconds: float, why: str
) -> None:
    person = visitor().posts(GOOD)
    robot = visitor().posts({**GOOD, **fields}, seconds=seconds)
    assert robot.reply == person.reply
    (event,) = robot.events
    assert (event.type, event.payload.why) == (EventType.FORM_SPAM, why)
    assert event.payload.form.fields["Имя"] == "Мария"
    assert event.identities == ()
    assert "%D0%9C%D0%B0%D1%80%D0%B8%D1%8F" in event.raw.decode()


def test_the_clocks_of_two_machines_may_differ_by_minutes() -> None:
    (event,) = visitor().posts(GOOD, seconds=-120).events
    assert event.type is EventType.FORM_SUBMITTED


def test_a_stamp_of_another_page_is_not_good_here() -> None:
    somebody = visitor()
    stamp = somebody.stamp(path="17-5-x")
    assert somebody.posts({**GOOD, STAMP: stamp}).events[0].type is EventType.FORM_SPAM


def test_a_page_that_was_open_for_days_asks_to_send_again_with_the_answers_in_place() -> None:
    somebody = visitor()
    received = somebody.posts(GOOD, seconds=86_400 * 3)
    page = received.reply.body.decode()
    assert (received.events, received.reply.status) == ((), 422)
    assert 'value="Мария"' in page
    fresh = re.search(rf'name="{STAMP}" value="([^"]+)"', page)
    assert fresh is not None
    body = urlencode({**GOOD, STAMP: fresh[1]}).encode()
    assert somebody.sends(body, NOW + timedelta(seconds=9)).events[0].type is EventType.FORM_SUBMITTED


def test_more_posts_of_one_address_are_spam_and_a_flood_is_not_even_kept() -> None:
    somebody = visitor(per_address=2)
    kinds = [somebody.posts({**GOOD, "Имя": f"М{n}"}) for n in range(11)]
    told = [one.events[0].type if one.events else None for one in kinds]
    assert told == [*[EventType.FORM_SUBMITTED] * 2, *[EventType.FORM_SPAM] * 8, None]
    assert kinds[2].events[0].payload.why == "more than 2 posts an hour from one address"
    assert (kinds[-1].reply.status, kinds[-1].refused) == (429, "a flood of posts of one address")
    other = Visitor(somebody.channel, sender="93.184.216.35")
    assert other.posts(GOOD).events[0].type is EventType.FORM_SUBMITTED
    assert somebody.posts(GOOD, NOW + timedelta(hours=1)).events[0].type is EventType.FORM_SUBMITTED


def test_addresses_without_number_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.pages.guard._VISITORS", 10)
    counted = Posts(1)
    assert all(counted.take(f"2a00:{n:x}::/64", NOW) for n in range(1000))
    assert len(counted._at) == 10
    assert not counted.take("2a00:3e7::/64", NOW), "the newest are known"
    assert counted.take("2a00:3e7::/64", NOW + timedelta(hours=1))


def test_visitors_behind_a_proxy_that_tells_nothing_are_not_taken_for_one() -> None:
    somebody = visitor(per_address=1)
    for sender in ("172.18.0.2", "127.0.0.1", "", "unix:"):
        hidden = Visitor(somebody.channel, sender=sender)
        kinds = {hidden.posts({**GOOD, "Имя": f"М{n}"}).events[0].type for n in range(9)}
        assert kinds == {EventType.FORM_SUBMITTED}
    assert visitor_of("2a00:1450:4010::1") == visitor_of("2a00:1450:4010::ffff") == "2a00:1450:4010::/64"


def test_five_hundred_fields_of_others_leave_the_answers_alone() -> None:
    (event,) = visitor().posts({**GOOD, **{f"поле {n}": "x" * 100 for n in range(500)}}).events
    assert event.payload.form.fields == {}
    with pytest.raises(UnreadableError, match="more than 2000 fields"):
        visitor().posts({f"поле {n}": "1" for n in range(2001)})


def test_a_file_is_not_taken_and_breaks_nothing() -> None:
    somebody = visitor()
    parts = {**GOOD, STAMP: somebody.stamp()}
    lines = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()]
    lines.append('--b\r\nContent-Disposition: form-data; name="Комментарий"; filename="a.exe"\r\n\r\nMZ\r\n--b--\r\n')
    received = somebody.sends("".join(lines).encode(), **{"content-type": "multipart/form-data; boundary=b"})
    assert received.events[0].payload.form.comment == "a.exe"


def test_a_personal_link_brings_the_answers_to_its_deal() -> None:
    mark = LeadMarks(KEY).of("17", NOW + timedelta(days=3), "zamer")
    somebody = visitor(mark)
    assert "<h1>Замер</h1>" in somebody.sees()
    (event,) = somebody.posts(GOOD).events
    assert event.payload.lead_id == "17"
    assert mark not in event.payload.form.page
    assert "lead:17" in event.identities
    assert (
        somebody.posts(GOOD, NOW + timedelta(hours=1)).events[0].payload.lead_id == "17"
    )  # sent again, by a colleague


@pytest.mark.parametrize("path", ["17-5000-" + "a" * 26, "17", "../page.css", "17-" * 400, "ключ"])
def test_a_link_that_is_not_ours_shows_and_takes_nothing(path: str) -> None:
    with pytest.raises(RefusedError):
        visitor(path).sees()
    with pytest.raises(RefusedError):
        visitor(path).posts(GOOD)


def test_a_link_that_is_over_shows_nothing() -> None:
    with pytest.raises(RefusedError):
        visitor(LeadMarks(KEY).of("17", NOW - timedelta(days=1), "zamer")).sees()


def test_a_questionnaire_has_no_page_without_a_link() -> None:
    with pytest.raises(RefusedError, match="no personal link"):
        visitor(personal=True).sees()


def test_a_redirect_is_allowed_by_the_policy_of_the_page() -> None:
    somebody = visitor(redirect="https://krovlya.ru/spasibo", frames=["https://krovlya.ru"])
    headers = somebody.channel.show(somebody.delivery()).headers
    assert "form-action 'self' https://krovlya.ru;" in headers["Content-Security-Policy"]
    assert "frame-ancestors https://krovlya.ru" in headers["Content-Security-Policy"]
    reply = somebody.posts(GOOD).reply
    assert (reply.status, reply.headers["Location"]) == (303, "https://krovlya.ru/spasibo")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"fields": []}, "at least 1"),
        ({"fields": [{"label": "Да", "kind": "consent"}]}, "besides a consent"),
        ({"fields": [{"label": "А"}, {"label": "А"}]}, "called «А» already"),
        ({"fields": [{"label": "А", "kind": "choice"}]}, "needs options"),
        ({"fields": [{"label": "А", "options": ["1"]}]}, "has no options"),
        ({"fields": [{"label": "А", "kind": "choice", "options": ["1", "1"]}]}, "the same"),
        ({"fields": [{"label": "А", "name": "a[b]"}]}, "no name of a field"),
        ({"fields": [{"label": "А", "name": "prv_stamp"}]}, "no name of a field"),
        ({"accent": "red; }"}, "accent"),
        ({"redirect": "javascript:alert(1)"}, "redirect"),
        ({"consent": {"link": "javascript:alert(1)"}}, "link"),
        ({"frames": ["https://a; script-src *"]}, "frames"),
    ],
)
def test_a_mistake_in_the_description_is_named(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**wrong)


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ffee00", "#1f5fd0", "#7f7f7f", "#00ff00"])
def test_any_accent_is_readable_on_light_and_dark(colour: str) -> None:
    for ground in (LIGHT, DARK):
        shown = readable(colour, ground)
        assert contrast(shown, ground) >= ENOUGH
        assert contrast(on(shown), shown) >= ENOUGH
