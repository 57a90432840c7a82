"""The wire of 1C's OData: addresses, bodies, headers, and what each refusal of the reference means."""

from __future__ import annotations

import base64
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import collect_calls
from connectors.onec.odata import query
from connectors.onec.odata.client import Client
from connectors.onec.odata.problems import clean
from connectors.onec.odata.settings import ODATA, Publication
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from tests.connectors.memory_store import MemoryStore

BASE = "https://1c.example.test/buh"
ROOT = BASE + ODATA
INVOICE = "Document_СчетНаОплатуПокупателю"
BODIES = Path(__file__).parents[3] / "sandbox/onec/bodies"
REF = "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"


def client(**more) -> Client:
    given = {"url": BASE, "user": "Обмен CRM", "profile": "bp", "per_second": 1000, **more}
    return Client(Publication.model_validate(given), MemoryStore(), sleep=lambda _: None)


@responses.activate
def test_an_address_is_cyrillic_in_percents_with_20_for_a_space_and_doubled_quotes():
    responses.get(ROOT + "/" + query.quote("Catalog_Контрагенты"), json={"value": []})

    client().rows("Catalog_Контрагенты", where=f"Description eq {query.text(chr(39) + 'Ромашка' + chr(39) + ' + Ко')}")

    sent = responses.calls[0].request.url
    assert "+" not in sent
    assert "%20eq%20" in sent
    assert "Description eq '''Ромашка'' + Ко'" in unquote(sent)
    assert "$format=json;odata=nometadata" in unquote(sent)


@responses.activate
def test_a_cyrillic_user_enters_in_utf_8():
    responses.get(ROOT + "/", json={"value": [{"name": "Catalog_Валюты", "url": "Catalog_Валюты"}]})

    assert client(password="пароль").service() == ["Catalog_Валюты"]

    _, _, written = responses.calls[0].request.headers["Authorization"].partition(" ")
    assert base64.b64decode(written).decode() == "Обмен CRM:пароль"


@responses.activate
def test_a_call_is_reported_readably_and_without_the_password():
    responses.get(f"{ROOT}/{query.quote('Catalog_Контрагенты')}", json={"value": []})

    with collect_calls() as calls:
        client(password="geheim").rows("Catalog_Контрагенты", where="ИНН eq '7701999111'")

    assert "/Catalog_Контрагенты?$format=json" in calls[0].path
    assert "geheim" not in str(calls)


def test_sums_go_and_come_as_the_digits_that_they_have():
    sent = {
        "Сумма": Decimal("13028.10"),
        "Количество": Decimal("0.333"),
        "Номер": "217",
        "Да": True,
        "Нет": None,
    }

    assert query.encode(sent).decode() == ('{"Сумма":13028.10,"Количество":0.333,"Номер":"217","Да":true,"Нет":null}')
    assert query.decode(b"\xef\xbb\xbf" + query.encode(sent))["Количество"] == Decimal("0.333")


PLAIN = st.none() | st.booleans() | st.integers() | st.text() | st.decimals(-(10**13), 10**13, places=2)


@settings(max_examples=50)
@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))
def test_whatever_is_encoded_is_decoded_as_it_was(value):
    assert query.decode(query.encode(value)) == value


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_literal_ends_where_it_should(value):
    literal = query.text(value)

    assert literal[0] == literal[-1] == "'"
    assert literal[1:-1].replace("''", "") == value.replace("'", "")
    assert literal[1:-1].replace("''", "'") == value


@given(st.lists(st.integers(), max_size=90))
def test_filters_hold_at_most_twenty_keys_and_leave_none_out(refs):
    some = list(query.parts(refs))

    assert [one for part in some for one in part] == refs
    assert all(len(part) <= 20 for part in some)


@pytest.mark.parametrize(
    ("name", "status", "kind", "code", "word"),
    [
        ("error_400_filter_parse.json", 400, Rejected, "14", "onec probe"),
        ("error_400_key_exists.json", 400, Rejected, "15", "уже есть"),
        ("error_400_path_segment.json", 400, Rejected, "6", "onec probe"),
        ("error_400_value_parse.json", 400, Rejected, "1", "onec probe"),
        ("error_401_rls.json", 401, AuthFailed, "20", "RLS"),
        ("error_403_session_denied.json", 403, RateLimited, "", "обслуживание"),
        ("error_404.atom.xml", 404, Rejected, "9", "удалили"),
        ("error_404_entity_set_unknown.json", 404, Rejected, "8", "Catalog_Поставщики"),
        ("error_404_instance_not_found.json", 404, Rejected, "9", "удалили"),
        ("error_500_business.json", 500, Rejected, "-1", "обязательного поля"),
        ("error_500_internal.json", 500, Ambiguous, "", "Сбой платформы"),
        ("error_500_lock.json", 500, Retryable, "-1", "заняты"),
        ("error_500_platform.html", 500, Ambiguous, "", "Сбой платформы"),
    ],
)
@responses.activate
def test_each_refusal_of_the_reference_is_known(name, status, kind, code, word):
    body = (BODIES / name).read_bytes()
    types = {"json": "application/json", "xml": "application/xml", "html": "text/html"}
    responses.get(f"{ROOT}/{query.quote('Catalog_Валюты')}", json={"value": []})
    responses.post(
        f"{ROOT}/{query.quote(INVOICE)}", body=body, status=status, content_type=types[name.rpartition(".")[2]]
    )

    with pytest.raises(kind) as raised:
        client().create(INVOICE, {})

    assert type(raised.value) is kind
    assert raised.value.code == code
    assert word in raised.value.hint
    assert "\n" not in raised.value.reason


@pytest.mark.parametrize(
    ("words", "kind", "word"),
    [
        ("Объект изменен или удален другим пользователем", Retryable, "открыт"),
        ("Не удалось заблокировать запись. Документ редактируется: Иванова", Retryable, "открыт"),
        ("Взаимоблокировка (Deadlock) ресурсов", Retryable, "заняты"),
        ("Изменение запрещено. Дата запрета изменения данных 30.06.2026", Rejected, "Период"),
        ("Недостаточно прав доступа к регистру", Rejected, "прав"),
        ("Нарушено условие уникальности", Rejected, "уже есть"),
        ("На складе не хватает кабеля", Rejected, "записать или провести"),
        ("Не обнаружено свободной лицензии!", RateLimited, "лицензи"),
    ],
)
@responses.activate
def test_words_decide_where_the_code_is_the_same_for_all(words, kind, word):
    responses.get(f"{ROOT}/{query.quote('Catalog_Валюты')}", json={"value": []})
    error = {"odata.error": {"code": "-1", "message": {"lang": "ru", "value": words}}}
    responses.post(f"{ROOT}/{query.quote(INVOICE)}", json=error, status=500)

    with pytest.raises(kind) as raised:
        client().create(INVOICE, {})

    assert word in raised.value.hint


@pytest.mark.parametrize(("status", "kind"), [(502, Ambiguous), (503, Ambiguous), (504, Ambiguous), (412, Retryable)])
@responses.activate
def test_a_proxy_between_leaves_a_write_in_doubt(status, kind):
    responses.get(f"{ROOT}/{query.quote('Catalog_Валюты')}", json={"value": []})
    responses.post(f"{ROOT}/{query.quote(INVOICE)}", body="<html>Bad Gateway</html>", status=status)

    with pytest.raises(kind):
        client().create(INVOICE, {})


@responses.activate
def test_a_redirect_to_a_login_page_is_no_way_in():
    responses.get(ROOT + "/", status=302, headers={"Location": "https://login.example.test/"})

    with pytest.raises(AuthFailed):
        client().service()


@responses.activate
def test_rows_that_are_cut_off_in_the_middle_are_read_again():
    responses.get(f"{ROOT}/{query.quote(INVOICE)}", body='{"value": [{"Ref_Key": "7c9', content_type="application/json")

    with pytest.raises(Retryable):
        client().rows(INVOICE)


def test_module_paths_and_handlers_are_no_words_of_1c():
    words = "{Документ.РеализацияТоваровУслуг.МодульОбъекта(1234,5)}: {ОбщийМодуль.Х.Модуль(7)}: Нет остатка"

    assert clean(words) == "Нет остатка"


def test_a_cold_base_is_woken_before_the_write(world):
    world.onec.turn(cold_start=2.0, idle=20)
    base = world.base(write_timeout=1.5, read_timeout=10)

    made = base.client.create("Catalog_Склады", {"Description": "Новый"})

    assert made["Description"] == "Новый"
    base.client.close()
