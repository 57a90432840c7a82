"""Every body of the format reference: what a client sends is taken, what 1C answers comes with the same members."""

from xml.etree import ElementTree

import pytest

from tests.sandbox.onec.onec_client import BODIES, COUNTERPARTY, INVOICE, PAYMENT, SHIPMENT, at, body

HOST = "http://1c.example.test/"
FILES = "Catalog_СчетНаОплатуПокупателюПрисоединенныеФайлы"
LINES = body("bp_invoice_get_response.json")["Товары"]


def bare(value):
    """Without links and without the address of the host."""
    if isinstance(value, list):
        return [bare(one) for one in value]
    if isinstance(value, dict):
        return {key: bare(one) for key, one in value.items() if "@" not in key and key != "odata.metadata"}
    return value


def members(value):
    """The names alone, of the first row where there are several."""
    if isinstance(value, list):
        return [members(one) for one in value[:1]]
    return {key: members(one) for key, one in value.items()} if isinstance(value, dict) else ...


def context(value):
    return value["odata.metadata"].rpartition("#")[2]


def covers(ours, theirs):
    """Whether ours has every member of theirs, rows included."""
    if isinstance(theirs, dict):
        return all(key in ours and covers(ours[key], one) for key, one in theirs.items())
    return all(covers(ours[0], one) for one in theirs[:1]) if isinstance(theirs, list) else True


def test_a_counterparty_is_created_and_found_as_the_reference_shows(api):
    expected = body("bp_counterparty_post_response_201.json")
    made = api.counterparty()
    assert members(bare(made)) == members(bare(expected))
    assert context(made) == context(expected)
    assert "СтранаРегистрации@navigationLinkUrl" in made
    found = body("bp_counterparty_find_by_inn.json")
    names = ",".join(found["value"][0])
    answer = api.get(COUNTERPARTY, filter="ИНН eq '7701999111' and КПП eq '770101001'", select=names)
    assert bare(answer) == bare(found)


def test_an_invoice_comes_back_with_its_number_and_rows(api):
    expected = body("bp_invoice_get_response.json")
    ref = api.invoice(posted=False, Number="00БП-000217", Товары=LINES)
    api.patch(at(INVOICE, ref), {"Комментарий": expected["Комментарий"]})
    api.post(f"{at(INVOICE, ref)}/Post")
    answer = api.get(at(INVOICE, ref))
    assert bare(answer) == bare(expected)
    assert answer["Контрагент@navigationLinkUrl"] == expected["Контрагент@navigationLinkUrl"]


def test_the_state_of_a_paid_invoice_stands_in_its_register(api):
    api.act("pay", document=api.invoice())
    assert bare(api.get("InformationRegister_СтатусыДокументов")) == bare(body("bp_invoice_status_get_response.json"))


def test_a_payment_and_a_shipment_have_the_members_of_the_reference(api):
    ref = api.invoice(Number="00БП-000217")
    paid = api.act("pay", document=ref, on="2026-07-17")
    answer = bare(api.get(at(PAYMENT, paid["ref"])))
    expected = bare(body("bp_payment_get_response.json"))
    assert members(answer) == members(expected)
    own = ("Ref_Key", "DataVersion", "Number", "НомерВходящегоДокумента", "НазначениеПлатежа")
    assert {key: one for key, one in answer.items() if key not in own} == {
        key: one for key, one in expected.items() if key not in own
    }
    shipped = api.act("ship", document=ref, lines={"1": "100", "2": "12"})
    answer, expected = bare(api.get(at(SHIPMENT, shipped["ref"]))), bare(body("bp_shipment_get_response.json"))
    own = ("Ref_Key", "DataVersion", "Number", "Date")
    assert {key: one for key, one in answer.items() if key not in own} == {
        key: one for key, one in expected.items() if key not in own
    }


def test_a_stored_printed_form_is_listed_and_read(api):
    form = body("attachment_get.json")
    api.invoice()
    sent = bare(form)
    api.post(FILES, sent)
    listed = body("attachments_list.json")["value"][0]
    condition = f"ВладелецФайла_Key eq guid'{form['ВладелецФайла_Key']}'"
    found = api.list(FILES, filter=condition, select=",".join(listed))
    assert members(found) == members([listed])
    assert covers(api.get(at(FILES, form["Ref_Key"])), sent)


def test_envelopes_of_lists_follow_the_metadata_asked_for(api):
    api.counterparty()
    plain = api.get(COUNTERPARTY, format="json;odata=nometadata", select="Ref_Key,Description,ИНН")
    assert plain == body("collection_nometadata.json")
    counted = api.get(COUNTERPARTY, inlinecount="allpages", select="Ref_Key,Description")
    expected = body("collection_inlinecount.json")
    assert members(counted) == members(expected)
    assert counted["odata.count"] == "1"
    assert context(counted) == context(expected)


def test_the_service_document_lists_the_sets_or_nothing(api):
    expected, answer = body("service_document.json"), api.get("")
    assert members(answer) == members(expected)
    assert all(one in answer["value"] for one in expected["value"])
    api.turn(unpublish=["*"])
    assert bare(api.get("")) == bare(body("service_document_empty.json"))


def names_in(text):
    """Every named thing of an EDMX document with what it stands in."""
    found = set()
    for outer in ElementTree.fromstring(text).iter():
        for inner in outer:
            parts = [one.get(key, "") for one in (outer, inner) for key in ("Name", "Type", "EntityType", "Nullable")]
            found.add((outer.tag, inner.tag, *parts))
    return found


def test_the_metadata_has_every_name_of_the_published_subset(api):
    answer = api.call("GET", "$metadata")
    assert answer.headers["Content-Type"].startswith("application/xml")
    missing = names_in((BODIES / "metadata_bp_subset.edmx.xml").read_text()) - names_in(answer.text)
    assert not missing


def test_an_order_and_an_invoice_of_trade_have_the_members_of_the_reference(api):
    api.configure("ut")
    order = body("ut_order_post_request.json")
    made = api.post("Document_ЗаказКлиента", order)
    assert covers(made, order)
    expected = body("ut_invoice_get_response.json")
    api.post("Catalog_Контрагенты", body("bp_counterparty_post_request.json"))
    api.post("Document_СчетНаОплатуКлиенту", bare(expected))
    api.post(f"{at('Document_СчетНаОплатуКлиенту', expected['Ref_Key'])}/Post")
    assert bare(api.get(at("Document_СчетНаОплатуКлиенту", expected["Ref_Key"]))) == bare(expected)
    paid = api.act("pay", document=expected["Ref_Key"], on="2026-07-17")
    answer = api.get(at("Document_ПоступлениеБезналичныхДенежныхСредств", paid["ref"]))
    assert covers(answer, bare(body("ut_payment_get_response.json")))


def test_an_order_of_unf_is_taken_and_its_payments_stand_in_the_register(api):
    api.configure("unf")
    request = body("unf_order_post_request.json")
    assert covers(api.post("Document_ЗаказПокупателя", request), request)
    invoice = request | {"Ref_Key": "7c9e1a40-6a32-11f0-9a01-00155d0a0b01", "СуммаДокумента": 13028}
    api.post("Document_СчетНаОплату", invoice)
    api.post(f"{at('Document_СчетНаОплату', invoice['Ref_Key'])}/Post")
    paid = api.act("pay", document=invoice["Ref_Key"], on="2026-07-17")
    expected = bare(body("unf_payment_register_get_response.json"))["value"][0]
    sets = api.list("AccumulationRegister_ОплатаСчетовИЗаказов")
    answer = next(one for one in sets if one["Recorder"] == paid["ref"])
    assert answer == expected | {"Recorder": paid["ref"]}


@pytest.mark.parametrize(
    ("name", "status", "verb", "path", "sent", "options"),
    [
        ("error_400_filter_parse.json", 400, "GET", COUNTERPARTY, None, {"filter": "ИНН eq"}),
        ("error_400_key_exists.json", 400, "POST", COUNTERPARTY, "bp_counterparty_post_request.json", {}),
        ("error_400_path_segment.json", 400, "GET", COUNTERPARTY, None, {"filter": "НетТакогоПоля eq 1"}),
        ("error_400_value_parse.json", 400, "POST", COUNTERPARTY, {"Parent_Key": "abc"}, {}),
        ("error_404_entity_set_unknown.json", 404, "GET", "Catalog_Поставщики", None, {}),
        (
            "error_404_instance_not_found.json",
            404,
            "GET",
            at(INVOICE, "7c9e1a40-6a32-11f0-9a01-00155d0a0bff"),
            None,
            {},
        ),
    ],
)
def test_an_error_of_the_caller_has_the_body_of_the_reference(api, name, status, verb, path, sent, options):
    api.counterparty()
    content = body(sent) if isinstance(sent, str) else sent
    answer = api.call(verb, path, content, **options)
    assert (answer.status_code, answer.json()) == (status, body(name))


@pytest.mark.parametrize(
    ("name", "status", "switch"),
    [
        ("error_401_rls.json", 401, {"forbid": [COUNTERPARTY]}),
        ("error_500_internal.json", 500, {"internal": 1}),
        ("error_500_lock.json", 500, {"lock_conflicts": 1}),
    ],
)
def test_a_failure_of_the_server_has_the_body_of_the_reference(api, name, status, switch):
    api.turn(**switch)
    answer = api.call("POST", COUNTERPARTY, {"Description": "Ромашка"})
    assert (answer.status_code, answer.json()) == (status, body(name))


def test_a_refused_posting_speaks_as_the_reference_does(api):
    ref = api.invoice(posted=False, Контрагент_Key=None)
    answer = api.call("POST", f"{at(INVOICE, ref)}/Post")
    assert (answer.status_code, answer.json()) == (500, body("error_500_business.json"))


def test_maintenance_comes_with_a_byte_order_mark(api):
    api.turn(maintenance=True)
    answer = api.call("GET", "")
    assert answer.status_code == 403
    assert answer.content.startswith(b"\xef\xbb\xbf")
    answer.encoding = "utf-8-sig"
    assert answer.json() == body("error_403_session_denied.json")


def test_an_error_in_atom_and_a_page_of_the_platform(api):
    address = api.address(at(INVOICE, "7c9e1a40-6a32-11f0-9a01-00155d0a0bff"))
    answer = api.session.get(address, timeout=30)
    expected = ElementTree.parse(BODIES / "error_404.atom.xml").getroot()
    ours = ElementTree.fromstring(answer.content)
    assert [(one.tag, one.text) for one in ours] == [(one.tag, one.text) for one in expected]
    api.turn(crash=1)
    answer = api.call("GET", "")
    assert answer.status_code == 500
    assert "1C:Enterprise 8 application error" in answer.text
    assert "by reason:" in answer.text


def test_an_exchange_packet_has_the_parts_of_the_reference(api):
    ref = api.invoice()
    spare = api.post(COUNTERPARTY, {"Description": "Лишний"})["Ref_Key"]
    assert api.call("DELETE", at(COUNTERPARTY, spare)).status_code == 204
    point = f"'{api.root}ExchangePlan_ОбменСCRM(guid'0a1b2ce2-1111-11ef-9a01-00155d0a0b01')'"
    answer = api.call("POST", "SelectChanges", DataExchangePoint=point, MessageNo=1)
    ours, expected = (
        ElementTree.fromstring(answer.content),
        ElementTree.parse(BODIES / "select_changes_response.atom.xml"),
    )
    assert {one.tag for one in expected.iter()} <= {one.tag for one in ours.iter()}
    assert ref in answer.text
    assert api.call("POST", "SelectChanges", DataExchangePoint=point, MessageNo=1).text.count("<entry>") == 3
    assert api.call("POST", "NotifyChangesReceived", DataExchangePoint=point, MessageNo=1).status_code == 200
    assert "<entry>" not in api.call("POST", "SelectChanges", DataExchangePoint=point, MessageNo=2).text
