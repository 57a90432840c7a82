"""What an administrator, a network and a release do to a client."""

import base64
import time
import zlib
from threading import Thread

import pytest
import requests

from sandbox.onec import OneC
from tests.sandbox.onec.onec_client import COUNTERPARTY, INVOICE, Api, at

GOODS = "Catalog_Номенклатура"


@pytest.mark.parametrize(
    ("switch", "status", "words"),
    [
        ({"published": False}, 404, "was not found on this server"),
        ({"no_license": True}, 500, "свободной лицензии"),
        ({"no_session": 1}, 406, "сеанс"),
        ({"html": 1}, 200, "<html"),
        ({"role": False}, 401, "<html"),
        ({"crash": 1}, 500, "by reason"),
    ],
)
def test_what_stands_before_the_application_answers_with_a_page(api, switch, status, words):
    api.turn(**switch)
    answer = api.call("POST", COUNTERPARTY, {"Description": "Ромашка"})
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert words in answer.text
    api.turn(published=True, no_license=False, role=True)
    assert api.list(COUNTERPARTY) == []


def test_a_page_may_come_after_the_work_was_done(api):
    api.turn(html_after=1)
    answer = api.call("POST", COUNTERPARTY, {"Description": "Ромашка"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert len(api.list(COUNTERPARTY)) == 1


def test_lock_conflicts_come_so_many_times_and_change_nothing(api):
    ref = api.invoice(posted=False)
    api.turn(lock_conflicts=2)
    for _ in range(2):
        assert "Конфликт блокировок" in api.refusal("POST", f"{at(INVOICE, ref)}/Post")[2]
    assert api.get(at(INVOICE, ref))["Posted"] is False
    api.post(f"{at(INVOICE, ref)}/Post")


def test_a_handler_may_refuse_with_the_path_of_its_module(api):
    api.turn(stacks=1)
    assert api.refusal("POST", COUNTERPARTY, {})[2].startswith("{Документ.")
    assert api.list(COUNTERPARTY) == []


def test_the_body_of_a_refused_patch_may_not_end(api):
    place = at(COUNTERPARTY, api.counterparty()["Ref_Key"])
    api.turn(patch=False, patch_hangs=3)
    with requests.patch(
        api.address(place, format="json"), json={}, auth=("sandbox", "sandbox"), stream=True, timeout=1.5
    ) as answer:
        assert answer.status_code == 405
        with pytest.raises(requests.ConnectionError, match="timed out"):
            answer.content  # noqa: B018  # reading is what hangs


def test_sessions_above_the_limit_are_sent_away_while_others_work(api):
    api.turn(sessions=1)
    api.control("latency", {"seconds": 1.5})
    first = Api(api.onec)
    statuses = []

    def call(client):
        statuses.append(client.call("GET", GOODS).status_code)

    threads = [Thread(target=call, args=(one,)) for one in (api, first)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first.session.close()
    assert sorted(statuses) == [200, 406]
    assert call(api) is None
    assert statuses[-1] == 200


def test_rows_forbidden_to_the_user_fail_the_request_unless_only_the_allowed_are_asked(api):
    api.counterparty()
    api.turn(forbid=[COUNTERPARTY])
    assert api.refusal("GET", COUNTERPARTY)[:2] == (401, "20")
    assert api.refusal("POST", COUNTERPARTY, {})[:2] == (401, "20")
    for name in ("allowedOnly", "$allowedOnly"):
        address = f"{api.address(COUNTERPARTY, format='json')}&{name}=true"
        assert api.session.get(address, timeout=30).json()["value"] == []
    assert api.list(GOODS)


def test_what_is_not_published_is_not_there(api):
    ref = api.invoice()
    api.turn(unpublish=["Catalog_Склады", f"{GOODS}.Артикул", f"{INVOICE}.Контрагент", f"{INVOICE}.Товары.Содержание"])
    names = {one["name"] for one in api.list("")}
    assert "Catalog_Склады" not in names
    assert api.refusal("GET", "Catalog_Склады")[:2] == (404, "8")
    metadata = api.call("GET", "$metadata").text
    for hidden in ('"Catalog_Склады"', 'Name="Артикул"', 'Name="Document_СчетНаОплатуПокупателю_Контрагент"'):
        assert hidden not in metadata
    assert "Артикул" not in api.list(GOODS)[0]
    assert api.refusal("GET", GOODS, filter="Артикул eq 'x'")[:2] == (400, "6")
    invoice = api.get(at(INVOICE, ref))
    assert "Контрагент_Key" not in invoice
    assert "Содержание" not in invoice["Товары"][0]
    assert "Номенклатура_Type" in invoice["Товары"][0]
    api.turn(unpublish=[f"{INVOICE}.Товары"])
    assert "Товары" not in api.get(at(INVOICE, ref))
    assert api.refusal("GET", f"{INVOICE}_Товары")[:2] == (404, "8")


def test_what_is_renamed_answers_to_the_new_name_only(api):
    api.act("pay", document=api.invoice())
    api.turn(
        rename={
            INVOICE: "Document_СчетПокупателю",
            f"{INVOICE}.Контрагент": "Покупатель",
            f"{INVOICE}.Товары": "Строки",
            f"{INVOICE}.Товары.Цена": "ЦенаЗаЕдиницу",
        }
    )
    assert api.refusal("GET", INVOICE)[:2] == (404, "8")
    invoice = api.list("Document_СчетПокупателю", filter="Покупатель/ИНН eq '7701999111'")[0]
    assert invoice["Покупатель@navigationLinkUrl"].endswith("/Покупатель")
    assert invoice["Строки"][1]["ЦенаЗаЕдиницу"] == 249
    assert (
        api.list("InformationRegister_СтатусыДокументов")[0]["Документ_Type"] == "StandardODATA.Document_СчетПокупателю"
    )
    made = api.post(
        "Document_СчетПокупателю",
        {"Покупатель_Key": invoice["Покупатель_Key"], "Строки": [{"LineNumber": "1", "ЦенаЗаЕдиницу": 5}]},
    )
    assert (made["Покупатель_Key"], made["Строки"][0]["ЦенаЗаЕдиницу"]) == (invoice["Покупатель_Key"], 5)
    assert 'Name="Document_СчетПокупателю_Строки"' in api.call("GET", "$metadata").text


def test_other_releases_differ_in_patch_order_and_pages(api):
    ref = api.counterparty()["Ref_Key"]
    api.turn(patch=False, inlinecount_pages=False, order=False)
    assert api.refusal("PATCH", at(COUNTERPARTY, ref), {"КПП": ""})[:2] == (405, "19")
    assert len(api.get(GOODS, inlinecount="allpages", top=1)["value"]) == 4
    orders = {tuple(one["Ref_Key"] for one in api.list(GOODS)) for _ in range(40)}
    assert len(orders) > 1
    assert len({tuple(one["Ref_Key"] for one in api.list(GOODS, orderby="Ref_Key")) for _ in range(5)}) == 1


def test_a_session_started_by_hand_is_known_by_its_cookie(api):
    started = api.session.get(api.root, headers={"IBSession": "start"}, timeout=30)
    assert started.cookies["ibsession"]
    assert api.session.get(api.root, timeout=30).status_code == 200
    assert api.session.get(api.root, headers={"IBSession": "finish"}, timeout=30).status_code == 200
    stranger = requests.get(
        api.root, auth=("sandbox", "sandbox"), cookies={"ibsession": "нет".encode().hex()}, timeout=30
    )
    assert stranger.status_code == 400


def test_the_first_call_after_a_rest_is_slow(api):
    api.turn(cold_start=60, idle=60)
    api.list(GOODS)  # it was called just now: to be woken would take longer than anybody waits here
    with OneC() as cold:
        fresh = Api(cold)
        fresh.turn(cold_start=0.3)
        slow = time.monotonic()
        fresh.list(GOODS)
        assert time.monotonic() - slow >= 0.3
        fresh.session.close()


def test_an_injected_cut_leaves_the_work_done(api):
    api.control("faults", {"kind": "cut_after", "method": "POST"}, status=201)
    with pytest.raises(requests.ConnectionError):
        api.call("POST", COUNTERPARTY, {"Description": "Ромашка"})
    assert len(api.list(COUNTERPARTY)) == 1


def test_switches_are_checked_and_a_reset_turns_them_back(api):
    api.control("switches", {"нет": 1}, status=400)
    api.control("switches", {"no_session": -1}, status=400)
    api.turn(maintenance=True)
    assert api.control("switches")["maintenance"] is True
    api.control("reset", {})
    assert api.control("switches")["maintenance"] is False
    api.control("configuration", {"name": "7.7"}, status=400)


@pytest.mark.parametrize(("how", "stored"), [("plain", "ВИнформационнойБазе"), ("volumes", "ВТомахНаДиске")])
def test_an_extension_attaches_the_printed_form_of_a_posted_invoice(api, how, stored):
    api.turn(attaches=how)
    ref = api.invoice()
    files = "Catalog_СчетНаОплатуПокупателюПрисоединенныеФайлы"
    found = api.list(files, filter=f"ВладелецФайла_Key eq guid'{ref}'")[0]
    assert (found["Расширение"], found["ТипХраненияФайла"]) == ("pdf", stored)
    content = base64.b64decode(found["ФайлХранилище_Base64Data"])
    assert content[:4] == (b"%PDF" if how == "plain" else b"")
    assert found["Description"] == "Счет на оплату № 1 от 15.07.2026"


def test_an_attached_form_may_be_packed(api):
    api.turn(attaches="deflated")
    api.invoice()
    found = api.list("Catalog_СчетНаОплатуПокупателюПрисоединенныеФайлы")[0]
    content = zlib.decompress(base64.b64decode(found["ФайлХранилище_Base64Data"]))
    assert (content[:4], str(len(content))) == (b"%PDF", found["Размер"])
