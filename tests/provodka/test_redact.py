"""Nothing that is secret or personal passes the redactor, and what support needs to read stays readable."""

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, quote_plus

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretBytes, SecretStr

from provodka import identity
from provodka.redact import Redactor, secrets_of
from provodka.secret_names import is_phone_name, is_secret_name

SECRET = 'amo-t0ken"with/odd&signs'
REDACTOR = Redactor(b"journal key", [SECRET, "pw1"])
QUICK = settings(max_examples=200, deadline=None, database=None)
MASKED_PHONE = re.compile(r"\+\d+•••\d+#[0-9a-f]{8}")


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
    assert re.fullmatch(r"#[0-9a-f]{8}", REDACTOR.tag("telegram:1"))


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps({"x": SECRET}),
        repr([SECRET]),
        "<pw1>",
    ],
)
def test_a_known_secret_is_masked_however_it_is_written(form):
    masked = REDACTOR.text(f"GET /{form}/x")
    assert "t0ken" not in masked
    assert "pw1" not in masked
    assert "***" in masked


def test_a_short_secret_is_masked_only_as_a_word_of_its_own():
    assert REDACTOR.text("pw1 pw12 xpw1 /pw1/") == "*** pw12 xpw1 /***/"


def test_an_empty_secret_changes_nothing():
    assert Redactor(b"k", [""]).text("abc") == "abc"


def test_a_secret_inside_another_leaves_no_rest():
    assert Redactor(b"k", ["secret-1", "secret-1-long"]).text("a secret-1-long b") == "a *** b"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer HIDDEN",
        "'Authorization': 'Basic HIDDENHIDDEN'",
        "retry with bearer HIDDEN-1234",
        "Cookie: a=HIDDEN; b=HIDDEN",
        "GET /x?access_token=HIDDEN&id=1",
        "auth%5Baccess_token%5D=HIDDEN&x=1",
        "auth[application_token]=HIDDEN",
        '{"refresh_token":"HIDDEN HIDDEN","expires":5}',
        '{\\"client_secret\\": \\"HIDDEN\\", \\"x\\": 1}',
        "{'password': 'HIDDEN', 'x': 1}",
        "X-Api-Key: HIDDEN",
        "vpbx_api_key=HIDDEN&sign=HIDDEN",
        "postgresql://provodka:HIDDEN@db/provodka",
        "eyJhbGciOiHIDDEN.eyJzdWIiOiHIDDEN.sigHIDDEN",
        "пароль: HIDDEN",
        "SALT=HIDDEN",
    ],
)
def test_an_unknown_secret_is_masked_by_what_stands_beside_it(text):
    assert "HIDDEN" not in REDACTOR.text(text)
    assert "***" in REDACTOR.text(text)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("Set-Cookie", True),
        ("accessToken", True),
        ("X-Api-Key", True),
        ("vpbx_api_salt", True),
        ("AMOCRM_TOKEN", True),
        ("auth[access_token]", True),
        ("APIKey", True),
        ("idempotency_key", False),
        ("design", False),
        ("assigned_to", False),
        ("token_expires_at", False),
        ("lane", False),
        ("", False),
    ],
)
def test_names_of_secrets_are_known_by_their_words(name, secret):
    assert is_secret_name(name) is secret


def test_names_of_phones_are_known_by_their_words():
    assert is_phone_name("contactPhone")
    assert is_phone_name("caller_number")
    assert not is_phone_name("hotel")


class Kind(StrEnum):
    CALL = "from +79160001122"


@dataclass
class Login:
    user: str
    password: str


class Account(BaseModel):
    url: str
    token: SecretStr


def test_a_structure_is_masked_in_every_depth_and_becomes_plain_data():
    value = {
        "event": {"person": {"phones": ["+79160001122"], "emails": ("anna@krovlya.ru",)}, "raw": b"tel=89160001122"},
        "+79160001122": 1,
        "headers": [("Authorization", "Bearer x"), ("Accept", "*/*")],
        "token": ["a", "b"],
        "has_token": True,
        "secret": None,
        "login": Login("anna", "x y"),
        "account": Account(url="https://u:pass1@h/", token=SecretStr("abc")),
        "plain": SecretBytes(b"abc"),
        "error": ValueError("no anna@krovlya.ru"),
        "kind": Kind.CALL,
        "at": datetime(2025, 11, 22, 10, tzinfo=UTC),
        "day": date(2025, 11, 22),
        "took": timedelta(seconds=5),
        "file": Path("/calls/89160001122.mp3"),
        "set": {"+79160001122"},
        "ratio": 0.5,
        "nothing": None,
    }
    shown = REDACTOR.value(value)
    text = json.dumps(shown, ensure_ascii=False)
    assert "0001122" not in digits(text.replace(REDACTOR.tag("phone:+79160001122"), ""))
    for hidden in ("anna@", "Bearer", "x y", "pass1", "abc"):
        assert hidden not in text
    assert shown["headers"] == [["Authorization", "***"], ["Accept", "*/*"]]
    assert (shown["token"], shown["has_token"], shown["secret"]) == ("***", True, None)
    assert (shown["at"], shown["day"]) == ("2025-11-22T10:00:00+00:00", "2025-11-22")
    assert shown["login"] == {"user": "anna", "password": "***"}
    assert shown["error"].startswith("ValueError: no a•••@")


def test_a_structure_that_contains_itself_ends():
    loop: list[object] = [1]
    loop.append(loop)
    assert "…" in json.dumps(REDACTOR.value(loop), ensure_ascii=False)


def test_the_secrets_of_settings_are_found_in_every_depth():
    class Inner(BaseModel):
        keys: dict[str, SecretStr]

    class Outer(BaseModel):
        inner: list[Inner]
        proxy: str
        raw: SecretBytes

    outer = Outer(inner=[Inner(keys={"a": SecretStr("one")})], proxy="http://u:p%40ss@h:1/", raw=SecretBytes(b"two"))
    assert secrets_of({"x": (outer, Login("u", "plain"))}) == {"one", "two", "p%40ss", "p@ss"}


texts = st.text(alphabet=st.sampled_from(list("+78901- ()@.aяё•#&=%:\"'/\\n{}[],")) | st.characters(), max_size=200)


@QUICK
@given(texts)
def test_masking_twice_is_masking_once(text):
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once


HARD = [
    "a",
    "9",
    "8 ",
    "8-",
    "8((((",
    "+",
    "+7",
    "%20",
    "8%20",
    "@a.b",
    "a@",
    ".",
    "\\",
    " ",
    "token=",
    'token="',
    "token='\n",
    "token=\"a' ",
    "bearer ",
    "basic aaaaaaaa ",
    "eyJaaaaaaaa.",
    "://a:",
    "authorization:a ",
    "0123456789abcdef",
    "0" * 127 + "a ",
    "1.1.",
    "20-1-",
    "фыва ",
]


def seconds(text):
    best = 1e9
    for _ in range(2):
        start = time.process_time()
        REDACTOR.text(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("piece", HARD)
def test_the_work_grows_with_the_length_and_not_with_its_square(piece):
    size = 20_000
    short, long = (piece * (length // len(piece)) for length in (size, size * 8))
    assert seconds(long) < 30 * max(seconds(short), 0.002)


@settings(max_examples=25, deadline=None, database=None)
@given(st.text(alphabet="+78(-) @.ab%20\\\"':=/eyJtoken", min_size=1, max_size=12))
def test_no_repeated_piece_makes_the_work_grow_with_the_square(piece):
    size = 8_000
    short, long = (piece * (length // len(piece)) for length in (size, size * 8))
    assert seconds(long) < 30 * max(seconds(short), 0.002)
