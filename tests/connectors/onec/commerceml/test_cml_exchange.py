"""The conversation with 1C: who may enter, what is given and confirmed, and how each question is answered."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from connectors.onec.commerceml.receiver import receiver
from connectors.onec.commerceml.session import LIFE
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.commerceml.parts import PASSWORD, USER, Firm, invoice_request, sample, settings, zipped


@pytest.fixture
def firm():
    return Firm()


def shape(name):
    """The lines of a reply of the reference without their values."""
    return [line.partition("=")[0] if "=" in line else line for line in sample(name).decode().splitlines()]


def orders(body):
    return [one.findtext("Номер") for one in etree.fromstring(body)]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_a_cyrillic_login_is_known_in_both_encodings(firm, encoding):
    assert firm.log_in(encoding=encoding)


@pytest.mark.parametrize(
    "login", [f"{USER}:wrong", f"{USER}:", ":", "", f"{USER}:{PASSWORD} ", f"{USER.lower()}:{PASSWORD}"]
)
def test_another_login_is_refused_in_words_and_without_a_status(firm, login):
    basic = base64.b64encode(login.encode()).decode()
    first, text = firm.lines("checkauth", headers={"authorization": f"Basic {basic}"})
    assert (first, text) == (
        "failure",
        "Неверный логин или пароль: верные заданы в настройках обмена, accounting.user и password.",
    )


@pytest.mark.parametrize("header", ["", "Basic", "Basic ###", "Bearer abc", "Basic 0J/RgNC40LLQtdGC"])
def test_a_header_that_is_no_login_is_refused(firm, header):
    assert firm.lines("checkauth", headers={"authorization": header})[0] == "failure"


def test_checkauth_and_init_are_answered_as_in_the_reference(firm):
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    lines = firm.lines("checkauth", headers={"authorization": f"Basic {basic}"})
    assert [line.partition("=")[0] for line in (lines[0], *lines[3:])] == [
        one for one in shape("checkauth_reply.txt") if one in ("success", "sessid", "timestamp")
    ]
    cookie = f"{lines[1]}={lines[2]}"
    assert firm.lines("init", cookie=cookie) == ["zip=yes", "file_limit=1048576"]
    told = firm.lines("init", cookie=cookie, version="2.10", sessid=lines[2])
    assert [line.partition("=")[0] for line in told] == shape("init_reply_versioned.txt")
    assert told[-1] == "version=2.08"


def test_every_plain_reply_ends_its_lines_as_the_reference_does(firm):
    assert firm.call("success", cookie=firm.log_in()) == sample("reply_success.txt")
    reply = firm.call("import", cookie=firm.log_in(), filename="orders.xml")
    assert reply == sample("reply_failure.txt").rstrip(b"\n") + b"\n"


def test_replies_are_in_the_encoding_of_the_settings():
    reply = Firm(encoding="windows-1251").call("query")
    assert reply.decode("cp1251") == "failure\nСеанс не начат или истёк: начните обмен заново.\n"


def test_any_process_knows_a_session_and_a_new_password_ends_it(firm):
    cookie = firm.log_in()
    firm.receiver = receiver("1c", settings(), MemoryStore())
    assert firm.lines("init", cookie=cookie)[0] == "zip=yes"
    firm.receiver = receiver("1c", settings(password="other"), MemoryStore())
    assert firm.lines("init", cookie=cookie)[0] == "failure"


def test_a_session_may_be_known_by_its_sessid_alone(firm):
    _, token = firm.log_in().split("=")
    assert firm.lines("init", sessid=token)[0] == "zip=yes"


def test_a_session_ends_after_its_time_and_cannot_be_made_up(firm):
    cookie = firm.log_in()
    forged = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
    assert firm.lines("init", cookie=forged)[0] == "failure"
    assert firm.lines("init", cookie="provodka=; other=1")[0] == "failure"
    assert firm.lines("init", cookie=f"a=b; {cookie}; c=d")[0] == "zip=yes"
    firm.at += LIFE - timedelta(minutes=1)
    assert firm.lines("init", cookie=cookie)[0] == "zip=yes"
    firm.at += timedelta(minutes=1)
    assert firm.lines("init", cookie=cookie)[0] == "failure"


def test_what_is_given_and_confirmed_is_given_no_more(firm):
    firm.invoice()
    assert orders(firm.take()) == ["17-1"]
    assert orders(firm.take()) == []


def test_what_is_not_confirmed_is_given_again(firm):
    firm.invoice()
    for _ in range(2):
        assert orders(firm.call("query", cookie=firm.log_in())) == ["17-1"]


def test_only_what_this_session_was_given_is_confirmed(firm):
    firm.invoice()
    cookie = firm.log_in()
    assert orders(firm.call("query", cookie=cookie)) == ["17-1"]
    firm.invoice(invoice_request(2))
    firm.invoice(invoice_request(1, lead="18"))
    assert firm.lines("success", cookie=cookie) == ["success"]
    assert orders(firm.take()) == ["17-2", "18-1"]


def test_a_change_between_query_and_success_stays_to_be_taken(firm):
    firm.invoice()
    cookie = firm.log_in()
    firm.call("query", cookie=cookie)
    firm.order()
    firm.lines("success", cookie=cookie)
    assert orders(firm.take()) == ["17-1"]


def test_the_confirmation_of_another_session_confirms_nothing(firm):
    firm.invoice()
    firm.call("query", cookie=firm.log_in())
    assert firm.lines("success", cookie=firm.log_in()) == ["success"]
    assert orders(firm.take()) == ["17-1"]


def test_after_a_second_query_it_is_the_second_that_is_confirmed(firm):
    firm.invoice()
    cookie = firm.log_in()
    firm.call("query", cookie=cookie)
    firm.order()
    firm.call("query", cookie=cookie)
    firm.lines("success", cookie=cookie)
    assert orders(firm.take()) == []


def test_a_confirmation_that_is_repeated_confirms_nothing_new(firm):
    firm.invoice()
    cookie = firm.log_in()
    firm.call("query", cookie=cookie)
    firm.lines("success", cookie=cookie)
    firm.order()
    firm.lines("success", cookie=cookie)
    assert orders(firm.take()) == ["17-1"]


def test_an_invoice_asked_for_again_is_laid_out_once(firm):
    ref = firm.invoice()
    assert firm.invoice() == ref
    firm.take()
    assert firm.invoice() == ref
    assert orders(firm.take()) == []


def test_the_dictionary_comes_in_windows_1251(firm):
    root = etree.fromstring(firm.call("info", cookie=firm.log_in()))
    assert root.getroottree().docinfo.encoding == "windows-1251"
    assert [one.tag for one in root] == ["Cтатусы", "ПлатежныеСистемы"]


@pytest.mark.parametrize("type_", ["catalog", "reference"])
@pytest.mark.parametrize("mode", ["file", "import", "deactivate", "complete"])
def test_goods_are_accepted_not_kept_and_that_is_said(firm, type_, mode):
    cookie = firm.log_in()
    assert firm.lines("init", cookie=cookie, type_=type_)[0] == "zip=yes"
    first, text = firm.lines(mode, b"PK..", cookie=cookie, type_=type_, filename="import.zip")
    assert (first, text) == ("success", "Каталог товаров здесь не хранится: выгрузку товаров в 1С можно отключить.")
    assert (firm.journal.rows, firm.journal.events) == ([], {})


def test_crm_is_another_word_for_orders(firm):
    firm.invoice()
    assert orders(firm.call("query", cookie=firm.log_in(), type_="crm")) == ["17-1"]


@pytest.mark.parametrize(
    ("type_", "mode", "text"),
    [
        ("sale", "teleport", "Команда mode=teleport для type=sale не поддерживается."),
        ("sale", "", "Команда mode= для type=sale не поддерживается."),
        ("catalog", "query", "Команда mode=query для type=catalog не поддерживается."),
        ("music", "init", "Неизвестный вид обмена type=music: нужен обмен заказами (sale)."),
        ("", "", "Неизвестный вид обмена type=: нужен обмен заказами (sale)."),
    ],
)
def test_what_is_not_known_is_refused_in_words(firm, type_, mode, text):
    assert firm.lines(mode, cookie=firm.log_in(), type_=type_) == ["failure", text]


@pytest.mark.parametrize("mode", ["init", "query", "success", "file", "import", "info"])
def test_without_a_session_nothing_is_done(firm, mode):
    firm.invoice()
    assert firm.lines(mode, b"x", filename="orders.xml")[0] == "failure"
    assert (firm.journal.rows, firm.journal.events) == ([], {})


def test_what_is_given_tells_the_sales_that_1c_has_taken(firm):
    firm.invoice()
    firm.take()
    (event,) = firm.journal.hints("sale")
    assert event.payload.entities == ("sale:17:1",)


def test_a_file_without_a_name_or_a_body_is_refused(firm):
    cookie = firm.log_in()
    assert firm.lines("file", b"x", cookie=cookie) == ["failure", "Не указано имя файла (filename)."]
    assert firm.lines("file", cookie=cookie, filename="a.xml") == ["failure", "Пришла пустая часть файла a.xml."]
    assert firm.lines("file", zipped("a.xml", b"x"), cookie=cookie, filename="../")[0] == "failure"


WORDS = st.sampled_from(["sale", "crm", "catalog", "checkauth", "init", "query", "success", "file", "import", "info"])
SHORT = st.text(max_size=30)


@profile(max_examples=80)
@given(
    WORDS,
    WORDS | st.text(max_size=20),
    st.booleans(),
    SHORT,
    SHORT,
    st.binary(max_size=60),
)
def test_whatever_is_asked_is_answered_in_the_words_of_the_exchange(type_, mode, inside, header, name, body):
    firm = Firm()
    cookie = firm.log_in() if inside else header
    headers = {"authorization": f"Basic {header}"}
    reply = firm.call(mode, body, cookie=cookie, type_=type_, headers=headers, filename=name, sessid=header)
    assert reply.startswith((b"success\n", b"failure\n", b"zip=", b"<?xml"))
    assert b"failure" not in reply or len(reply.splitlines()) == 2


@pytest.mark.parametrize(
    ("chosen", "place"),
    [
        ({"user": "a:b"}, "user"),
        ({"password": ""}, "password"),
        ({"version": "3.1"}, "version"),
        ({"encoding": "koi8-r"}, "encoding"),
        ({"operation": "Возврат товара"}, "operation"),
        ({"file_limit": "1KB"}, "file_limit"),
        ({"requisites": {"Склад": "x" * 1001}}, "requisites"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(chosen, place):
    with pytest.raises(ValidationError) as caught:
        settings(**chosen)
    assert [error["loc"][0] for error in caught.value.errors()] == [place]


def test_a_version_may_be_written_as_the_number_that_yaml_makes_of_it():
    assert (settings(version=2.1).version, settings(version=2.05).version) == ("2.10", "2.05")


def test_the_password_is_not_shown(firm):
    assert PASSWORD not in repr(firm.settings)
