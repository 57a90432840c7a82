"""What a sample of a sender's body teaches: a map that the receiver then reads it by."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.form.learning import Learned, learn
from provodka.channel import UnreadableError
from provodka.payloads import FormSubmitted

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)


def learned(body: object) -> Learned:
    return learn(body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode(), NOW, "Замер")


def test_fields_are_known_by_their_names_and_the_rest_is_left() -> None:
    found = learned({"client": {"fio": "Мария"}, "tel": "8 916 000-11-22", "Город": "Тула", "utm_source": "vk"})
    assert found.map == {"name": "client.fio", "phone": "tel"}
    assert found.defaults == {"form": "Замер"}
    assert found.left == ("Город",)
    assert {one.target: one.path for one in found.taken}["utm_source"] == "utm_source"


def test_what_no_name_tells_is_known_by_what_stands_there() -> None:
    text = "Нужен замер балкона и двух окон, позвоните после шести"
    found = learned({"f1": "Мария Иванова", "f2": "8 (916) 000-11-22", "f3": "maria@example.ru", "f4": text})
    assert found.map == {"name": "f1", "phone": "f2", "email": "f3", "comment": "f4"}
    assert [one.target for one in found.taken if not one.sure] == ["name", "comment"]
    assert "name: f1 (by what stands there)" in found.unsure


def test_the_proposal_is_proved_by_the_receiver() -> None:
    found = learned({"f1": "Мария Иванова", "f2": "8 (916) 000-11-22"})
    assert found.event.person.name == "Мария Иванова"
    assert found.event.person.phone == "+79160001122"
    assert isinstance(found.event.payload, FormSubmitted)
    assert found.event.payload.form.name == "Замер"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'<?xml version="1.0"?><a><name>\xd0\x98</name><phone>+79160001122</phone></a>', "XML"),
        (urlencode({"contacts[name]": "И", "contacts[phone]": "+79160001122"}).encode(), "form"),
        ({"namedValues": {"Имя": ["И"], "Телефон": ["89160001122"]}}, "JSON"),
        ([{"name": "name", "value": "И"}, {"name": "phone", "value": "+79160001122"}], "JSON"),
    ],
    ids=str,
)
def test_every_kind_of_body_is_read(body: object, kind: str) -> None:
    found = learned(body)
    assert found.kind == kind
    assert (found.event.person.name, found.event.person.phone) == ("И", "+79160001122")


def test_a_field_that_is_called_phone_and_holds_none_is_told() -> None:
    found = learned({"name": "Мария", "phone": "позже"})
    assert "phone: phone (it is named so, but holds none)" in found.unsure


def test_a_body_by_which_nobody_can_be_recognised_says_so() -> None:
    assert any("neither a phone nor an email" in line for line in learned({"Город": "Тула"}).unsure)


def test_a_number_of_the_senders_own_is_offered_but_not_taken() -> None:
    found = learned({"phone": "+79160001122", "order_id": "17", "form_id": "3"})
    assert found.key == "order_id"
    assert "id" not in found.map


def test_a_service_that_has_a_channel_of_its_own_is_named() -> None:
    found = learned({"quiz": {"id": "1"}, "contacts": {"phone": "+79160001122"}})
    assert "this looks like marquiz: a channel of type marquiz knows it without a map" in found.unsure


def test_secrets_are_not_told() -> None:
    assert learned({"phone": "+79160001122", "secret": "s3cr3t", "api_token": "t"}).left == ()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"From: a@example.ru\nSubject: x\n\nphone: 1", "this is a letter"),
        (b"", "the sample is empty"),
        (b"{}", "the sample is empty"),
        (b"{", "looks like JSON"),
        (b"hello", "neither JSON nor a form"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
    ],
)
def test_what_is_no_form_says_what_it_is(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        learned(body)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=30), min_size=1, max_size=8))
def test_whatever_is_learned_the_receiver_reads_by_it(fields: dict[str, str]) -> None:
    found = learned(fields)
    assert isinstance(found.event.payload, FormSubmitted)
    if "phone" in found.map and all(one.sure for one in found.taken if one.target == "phone"):
        assert found.event.person.phones


def test_json_in_a_field_is_read_as_what_stands_in_it() -> None:
    inner = json.dumps({"name": "Мария", "tel": "8 916 000-11-22"}, ensure_ascii=False)
    found = learned(urlencode({"event": "lead", "data": inner}).encode())
    assert found.map == {"name": "data.name", "phone": "data.tel"}
    assert (found.event.person.name, found.event.person.phone) == ("Мария", "+79160001122")


def test_words_that_only_begin_as_json_stay_words() -> None:
    found = learned({"name": "Мария", "tel": "8 916 000-11-22", "comment": "{срочно} перезвоните"})
    assert isinstance(found.event.payload, FormSubmitted)
    assert found.event.payload.form.comment == "{срочно} перезвоните"


@pytest.mark.parametrize("charset", ["windows-1251", "utf-8"])
def test_xml_that_declares_an_old_charset_is_read_by_what_came(charset: str) -> None:
    text = '<?xml version="1.0" encoding="windows-1251"?><a><name>Пётр</name><phone>+79160001122</phone></a>'
    assert learned(text.encode(charset)).event.person.name == "Пётр"


def test_a_second_phone_is_not_proposed_as_the_number_of_the_submission() -> None:
    phones = [{"number": "+79160001122"}, {"number": "+79160002233"}]
    assert learned({"name": "Мария", "phones": phones}).key == ""
    assert learned({"name": "Мария", "phone": "+79160001122", "order_id": "1700"}).key == "order_id"
