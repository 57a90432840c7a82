"""Phones and emails are masked in any written form, and ids and times stay readable."""

import json
import re
from urllib.parse import quote, quote_plus

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provodka import identity
from provodka.redact import Redactor

REDACTOR = Redactor(b"journal key")
QUICK = settings(max_examples=200, deadline=None, database=None)
MASKED_PHONE = re.compile(r"\+\d+•••\d+#[a-p]{8}")


def digits(text):
    return re.sub(r"\D", "", text)


WRITTEN = [
    "+7{a}{b}{c}{d}",
    "8{a}{b}{c}{d}",
    "7{a}{b}{c}{d}",
    "+7 ({a}) {b}-{c}-{d}",
    "8 ({a}) {b}-{c}-{d}",
    "8({a}){b}{c}{d}",
    "8-{a}-{b}-{c}-{d}",
    "8 {a} {b} {c} {d}",
    "+7.{a}.{b}.{c}.{d}",
    "+7\u00a0{a}\u00a0{b}\u2011{c}\u2011{d}",
    "8 - {a} - {b} - {c} - {d}",
    "8   ({a})  {b} {c} {d}",
    "8/{a}/{b}/{c}/{d}",
    "7_{a}_{b}{c}{d}",
    "+7·{a}·{b}·{c}·{d}",
    "({a}) {b}-{c}-{d}",
    "{a} {b} {c} {d}",
    "{a} {b}{c}{d}",
]
AROUND = [
    "{}",
    "тел.{}",
    "тел{}",
    "phone={}&x=1",
    '{{"phone":"{}"}}',
    "({})",
    "звонил {}, ждёт",
    "\n{}\n",
    "wa:{}@",
    "'{}'",
]
mobiles = st.builds(
    lambda code, rest: (f"9{code:02}", f"{rest:07}"), st.integers(0, 99), st.integers(0, 9_999_999)
)  # (916, 0001122)


@QUICK
@given(mobiles, st.sampled_from(WRITTEN), st.sampled_from(AROUND))
def test_a_phone_is_masked_in_any_written_form_and_keeps_its_tag(number, form, around):
    code, rest = number
    text = around.format(form.format(a=code, b=rest[:3], c=rest[3:5], d=rest[5:]))
    masked = REDACTOR.text(text)
    assert rest not in digits(MASKED_PHONE.sub("", masked))
    assert f"+7{code}•••{rest[3:]}{REDACTOR.tag(f'phone:+7{code}{rest}')}" in masked


@QUICK
@given(mobiles, st.sampled_from(WRITTEN), st.sampled_from([quote, quote_plus, lambda t: json.dumps(f"ё{t}")[1:-1]]))
def test_a_phone_is_masked_in_url_encoded_and_escaped_bodies(number, form, encode):
    code, rest = number
    text = "name=x&phone=" + encode("тел" + form.format(a=code, b=rest[:3], c=rest[3:5], d=rest[5:]))
    assert REDACTOR.tag(f"phone:+7{code}{rest}") in REDACTOR.text(text)


@pytest.mark.parametrize("region", ["BY", "KZ", "UZ", "AM", "GE", "KG", "TJ", "DE", "US", "GB", "TR", "CN", "IL", "FR"])
@pytest.mark.parametrize("form", [phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL])
def test_a_foreign_phone_is_masked_with_the_tag_of_its_identity(region, form):
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    written = phonenumbers.format_number(number, form)
    masked = REDACTOR.text(f"от {written}: перезвоните")
    assert REDACTOR.tag(f"phone:{identity.phone(written)}") in masked
    assert digits(written)[-7:] not in digits(masked)


@pytest.mark.parametrize(
    "written",
    [
        "(495) 123-45-67",
        "8 (4922) 12-34-56",
        "8 800 555 35 35",
        "375291234567",
        "8 10 375 29 123 45 67",
        "0049301234567",
    ],
)
def test_landlines_free_numbers_and_dialled_foreign_numbers_are_masked(written):
    assert MASKED_PHONE.search(REDACTOR.text(f"тел: {written}."))


def test_a_local_number_is_masked():
    assert "123" not in REDACTOR.text("звоните 123-45-67")


def test_two_phones_side_by_side_are_two():
    masked = REDACTOR.text("89160001122 89031112233, 8-903-111-22-33 доб. 101")
    assert masked.count("+7916•••1122") == 1
    assert masked.count("+7903•••2233") == 2
    assert masked.endswith("доб. 101")


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-22T10:00:00.123456Z",
        "2025-11-22 10:15:30",
        "30.11.2025 10:15",
        "31/12/2025",
        "сделка 12345678 этап 142",
        "1763775720",
        "1763775720123",
        "019a8916123456700112233a",
        "89161234-5678-4abc-9def-123456789012",
        "89.111.222.133:8080",
        "telegram:8123456789 chat_id=8123456789 7012345678",
        '{"chat_id": "8123456789"}',
        "https://krovlya.amocrm.test/leads/detail/30123456?page=2",
        '{"id": 4951234567, "at": 1763775720, "chat": 7012345678, "group": -1001234567890}',
        "ИНН 7701234567, ОГРН 1027700132195, р/с 40702810900000001234",
        "карта 4276 1234 5678 9012",
        "action.attempted",
        "design=1 assigned: 2 secretary: Анна",
        "3 000 000 000 руб",
    ],
)
def test_ids_times_and_addresses_stay_readable(text):
    assert REDACTOR.text(text) == text


@QUICK
@given(st.integers(1_000_000_000, 2_999_999_999) | st.integers(10**12, 2 * 10**12) | st.integers(0, 10**8))
def test_a_json_number_that_is_a_time_or_an_id_is_no_phone(number):
    assert REDACTOR.value({"at": number}) == {"at": number}
    body = json.dumps({"at": number, "list": [number, 1]})
    assert REDACTOR.text(body) == body


def test_a_json_number_that_is_a_whole_phone_is_masked_and_the_json_stays_json():
    body = REDACTOR.text('{"a": 79160001122, "b":[9160001122], "c": 4951234567}')
    assert json.loads(body) == {
        "a": "+7916•••1122" + REDACTOR.tag("phone:+79160001122"),
        "b": ["+7916•••1122" + REDACTOR.tag("phone:+79160001122")],
        "c": 4951234567,
    }
    assert REDACTOR.value([79160001122, 79160001122.0]) == [json.loads(body)["a"]] * 2


def test_under_the_name_of_a_phone_any_number_is_one():
    shown = REDACTOR.value({"phone": "49301234567", "Телефоны": ["012345678"], "caller": 7012345678, "tel": "101"})
    assert shown["tel"] == "101"
    for name in ("phone", "caller"):
        assert MASKED_PHONE.fullmatch(shown[name])
    assert "012345" not in shown["Телефоны"][0]


@pytest.mark.parametrize(
    "text",
    [
        "anna@krovlya.ru",
        "Анна <Anna@Krovlya.RU>, ждёт",
        "email=anna%40krovlya.ru&x=1",
        '{"email":"anna@krovlya.ru"}',
        "mailto:anna@krovlya.ru.",
    ],
)
def test_an_email_is_masked_and_keeps_its_tag(text):
    masked = REDACTOR.text(text)
    assert "nna" not in masked.replace("Анна", "").lower()
    assert "krovlya" not in masked.lower()
    assert "•••@" in masked
    assert REDACTOR.tag("email:anna@krovlya.ru") in masked


def test_an_email_that_is_a_phone_is_masked_as_an_email():
    masked = REDACTOR.text("79160001122@mail.ru")
    assert masked == "7•••@m•••.ru" + REDACTOR.tag("email:79160001122@mail.ru")


@QUICK
@given(
    st.from_regex(r"[a-z][a-z0-9._+-]{1,20}@[a-z][a-z0-9-]{1,12}\.(ru|com|рф)", fullmatch=True), st.text(max_size=20)
)
def test_any_email_in_any_text_is_masked(address, around):
    masked = REDACTOR.text(f"{around} {address}\n{around}")
    assert address not in masked


def test_a_tag_depends_on_the_key_of_the_journal_and_the_identity():
    assert REDACTOR.tag("phone:+79160001122") == REDACTOR.tag("phone:+79160001122")
    assert REDACTOR.tag("phone:+79160001122") != REDACTOR.tag("phone:+79160001123")
    assert REDACTOR.tag("phone:+79160001122") != Redactor(b"another").tag("phone:+79160001122")
    assert re.fullmatch(r"#[a-p]{8}", REDACTOR.tag("telegram:1"))


@given(st.integers(min_value=9_000_000_000, max_value=9_999_999_999))
def test_a_masked_phone_is_masked_no_further(number: int) -> None:
    masked = REDACTOR.value({"phone": f"+7{number}"})["phone"]
    assert MASKED_PHONE.fullmatch(masked)
    assert REDACTOR.value({"phone": masked})["phone"] == masked
