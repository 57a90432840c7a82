"""The web service answers zeep as it is, and the envelopes of the reference as they stand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault
from zeep.transports import Transport

from sandbox.onec.soap import INTERNAL, PATH
from tests.sandbox.onec.services.publication import body

NAMESPACE = "http://crm.example.test/CRMExchange"
PORTS = ("CRMExchangeSoap", "CRMExchangeSoap12")


def client(onec, port="CRMExchangeSoap"):
    transport = Transport(session=onec.session, timeout=10, operation_timeout=10)
    return zeep.Client(f"{onec.url}{PATH}?wsdl", transport=transport, service_name="CRMExchange", port_name=port)


def post(onec, raw):
    return onec.session.post(f"{onec.url}{PATH}", data=raw, headers={"Content-Type": "text/xml"}, timeout=30)


def counterparty(**changed):
    return {
        "ExternalId": "b24:company:4711",
        "INN": "7701999111",
        "KPP": "770101001",
        "Name": "Ромашка-Трейд ООО",
        "LegalEntity": True,
        **changed,
    }


def invoice(ref, **changed):
    line = {
        "LineNumber": 1,
        "Article": "KAB-3x2.5",
        "Name": "Кабель",
        "Quantity": Decimal(100),
        "Price": Decimal("85.40"),
        "VATRate": "22",
        "VATSum": Decimal("1540.00"),
        "Sum": Decimal("8540.00"),
    }
    return {
        "ExternalId": "b24:deal:90210",
        "OrganizationINN": "7801999002",
        "CounterpartyRef": ref,
        "Date": datetime(2026, 7, 15, 12),
        "Currency": "RUB",
        "PriceIncludesVAT": True,
        "Lines": [line],
        **changed,
    }


def made(onec, service):
    """A posted invoice; gives its result."""
    ref = service.CreateCounterparty(counterparty())["Ref"]
    return service.CreateInvoice(Invoice=invoice(ref), Post=True)


def elements(node):
    """The tree by tags, attributes and texts, as far as it says anything."""
    kept = [child for child in node if isinstance(child.tag, str)]
    return node.tag, sorted(node.attrib.items()), (node.text or "").strip(), [elements(child) for child in kept]


def kept_in(ours, reference):
    """Elements of the reference that ours lacks; lists of named things may have more."""
    missing = []
    for child in (one for one in reference if isinstance(one.tag, str)):
        if any(elements(child) == elements(one) for one in ours if isinstance(one.tag, str)):
            continue
        same = [one for one in ours if one.tag == child.tag and dict(one.attrib) == dict(child.attrib)]
        missing += kept_in(same[0], child) if same and len(child) else [elements(child)]
    return missing


def test_the_wsdl_keeps_every_element_of_the_reference(bp):
    reference = etree.fromstring(body("soap/CRMExchange.wsdl"))
    ours = etree.fromstring(bp.session.get(f"{bp.url}{PATH}?wsdl", timeout=30).content)
    for address in [*reference.iter("{*}address"), *ours.iter("{*}address")]:
        address.attrib.pop("location")
    assert kept_in(ours, reference) == []
    assert dict(ours.attrib) == dict(reference.attrib)


def test_the_wsdl_needs_a_login(bp):
    assert requests.get(f"{bp.url}{PATH}?wsdl", timeout=30).status_code == 401


def test_the_address_in_the_wsdl_may_be_of_another_network(bp):
    location = f'location="{INTERNAL}"'.encode()
    assert location not in bp.session.get(f"{bp.url}{PATH}?wsdl", timeout=30).content
    bp.switch(internal_address=True)
    assert location in bp.session.get(f"{bp.url}{PATH}?wsdl", timeout=30).content
    service = client(bp).create_service(f"{{{NAMESPACE}}}CRMExchangeSoapBinding", f"{bp.url}{PATH}")
    assert service.Ping()["Version"]


@pytest.mark.parametrize("name", ["create_counterparty", "create_invoice"])
def test_a_request_of_the_reference_gets_the_reply_of_the_reference(bp, name):
    first = etree.fromstring(post(bp, body("soap/create_counterparty_request.xml")).content)
    ref = first.findtext(".//{*}Ref")
    if name == "create_counterparty":
        ours = first
    else:
        request = body("soap/create_invoice_request.xml").replace(b"5b2f7c10-6a31-11f0-9a01-00155d0a0b01", ref.encode())
        ours = etree.fromstring(post(bp, request).content)
    reply = etree.fromstring(body(f"soap/{name}_response.xml"))
    for tag in ("Ref", "Number", "Code", "Version"):  # what a base gives on its own
        for element in [*reply.iter(f"{{*}}{tag}"), *ours.iter(f"{{*}}{tag}")]:
            assert element.text
            element.text = "given"
    assert elements(ours) == elements(reply)


def test_the_changes_come_as_in_the_reference(bp):
    service = client(bp).service
    ref = made(bp, service)["Ref"]
    cursor = service.GetDocumentsSince("", 100, "")["Cursor"]
    payment = bp.base.accountant.pay(ref)
    call = f'<m:GetDocumentsSince xmlns:m="{NAMESPACE}"><m:Cursor>{cursor}</m:Cursor><m:MaxCount>9</m:MaxCount>'
    raw = f"{call}<m:Types>Payment,Shipment</m:Types></m:GetDocumentsSince>"
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    ours = etree.fromstring(
        post(bp, f'<s:Envelope xmlns:s="{soap}"><s:Body>{raw}</s:Body></s:Envelope>'.encode()).content
    )
    reply = etree.fromstring(body("soap/get_documents_since_response.xml"))
    assert ours.findtext(".//{*}Ref") == payment.ref
    assert ours.findtext(".//{*}BaseRef") == ref
    for tag in ("Ref", "BaseRef", "Number", "Date", "Cursor", "Sum"):
        for element in [*reply.iter(f"{{*}}{tag}"), *ours.iter(f"{{*}}{tag}")]:
            element.text = "given"
    assert elements(ours) == elements(reply)


def test_the_printed_form_has_the_name_of_the_reference(bp):
    service = client(bp).service
    form = service.GetPrintForm(made(bp, service)["Ref"], "СчетНаОплату", "PDF")
    reply = etree.fromstring(body("soap/get_print_form_response.xml"))
    assert form["FileName"].replace("№ 1 ", "№ 217 ") == reply.findtext(".//{*}FileName")
    assert form["ContentType"] == reply.findtext(".//{*}ContentType")
    assert form["Data"].startswith(b"%PDF-1.4")


@pytest.mark.parametrize("port", PORTS)
def test_the_whole_cycle_by_zeep_as_it_is(ut, port):
    service = client(ut, port).service
    assert service.Ping()["Configuration"] == ut.base.configuration.title
    assert service.FindCounterparty("7701999111", "770101001")["Counterparties"] == []
    company = service.CreateCounterparty(counterparty())
    assert company["Created"] is True
    assert service.CreateCounterparty(counterparty())["Created"] is False
    (found,) = service.FindCounterparty("7701999111", None)["Counterparties"]
    assert (found["Ref"], found["Code"]) == (company["Ref"], company["Code"])
    result = service.CreateInvoice(Invoice=invoice(company["Ref"]), Post=True)
    again = service.CreateInvoice(Invoice=invoice(company["Ref"]), Post=True)
    assert (result["Created"], again["Created"], again["Ref"]) == (True, False, result["Ref"])
    assert (result["Sum"], result["VATSum"], result["Date"]) == (
        Decimal("8540.00"),
        Decimal("1540.00"),
        datetime(2026, 7, 15, 12),
    )
    order = {"ExternalId": "b24:deal:90210", "InvoiceRef": result["Ref"], "Date": datetime(2026, 7, 16)}
    ordered = service.CreateOrder(Order=order, Post=True)
    assert (ordered["Code"], ordered["Document"]["Sum"]) == ("ok", Decimal("8540.00"))
    assert service.FindDocument("b24:deal:90210")["Details"]["Document"]["Ref"] == result["Ref"]
    assert service.FindDocument("b24:deal:1")["Code"] == "not_found"
    payment = ut.base.accountant.pay(result["Ref"], Decimal(1000))
    details = service.GetDocument(payment.ref)["Details"]
    (share,) = details["Allocations"]
    assert (share["InvoiceRef"], share["OrderRef"]) == (result["Ref"], ordered["Document"]["Ref"])
    assert share["Sum"] == Decimal(1000)
    told = service.GetDocumentsSince("", 100, "payment")
    assert [(one["Ref"], one["BaseRef"]) for one in told["Items"]] == [(payment.ref, result["Ref"])]
    refused = service.CancelDocument(result["Ref"])
    assert refused["Code"] == "has_documents"
    assert payment.number in refused["Text"]
    ut.base.accountant.delete(payment.ref)
    assert service.CancelDocument(result["Ref"])["Code"] == "ok"
    assert ut.base.papers.of(result["Ref"]).deleted


def test_a_payment_of_two_invoices_is_told_once_for_each(ut):
    service = client(ut).service
    ref = service.CreateCounterparty(counterparty())["Ref"]
    bills = [service.CreateInvoice(invoice(ref, ExternalId=f"deal:{number}"), True)["Ref"] for number in (1, 2)]
    payment = ut.base.accountant.pay_many({bills[0]: Decimal(100), bills[1]: Decimal("50.50")})
    items = service.GetDocumentsSince("", 100, "Payment")["Items"]
    assert {one["Ref"] for one in items} == {payment.ref}
    assert [(one["BaseRef"], one["Sum"]) for one in items] == [
        (bills[0], Decimal("100.00")),
        (bills[1], Decimal("50.50")),
    ]


@pytest.mark.parametrize("port", PORTS)
def test_an_exception_of_the_module_is_a_fault_with_its_text(bp, port):
    service = client(bp, port).service
    ref = service.CreateCounterparty(counterparty())["Ref"]
    with pytest.raises(Fault, match="Организация с ИНН 1 не найдена"):
        service.CreateInvoice(invoice(ref, OrganizationINN="1"), True)
    with pytest.raises(Fault, match=r"^\{WebСервис.CRMExchange.Модуль\(\d+\)\}: .*контрольном разряде"):
        service.CreateCounterparty(counterparty(ExternalId="2", INN="7701999112"))
    bp.base.accountant.close_period(bp.base.now().date())
    with pytest.raises(Fault, match="Дата запрета изменения"):
        service.CreateInvoice(invoice(ref), True)


def test_a_fault_has_the_members_of_the_reference_and_status_500(bp):
    request = body("soap/create_counterparty_request.xml").replace(b"7701999111", b"7701999112")
    answer = post(bp, request)
    ours, reply = etree.fromstring(answer.content), etree.fromstring(body("soap/fault_11.xml"))
    assert answer.status_code == 500
    for text in [*ours.iter("faultstring"), *reply.iter("faultstring")]:
        text.text = "given"
    assert elements(ours) == elements(reply)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"<m:Name>", b"<m:Nome>", "Ошибка разбора XML"),
        (b"<m:LegalEntity>true", b"<m:LegalEntity>\xd0\xb4\xd0\xb0", "не является значением типа boolean"),
        (b"<m:ExternalId>b24:company:4711</m:ExternalId>", b"", "ExternalId: отсутствует обязательное свойство"),
        (b"<m:Email>", b"<m:Fax>1</m:Fax><m:Email>", "Недопустимое свойство или неверный порядок: Fax"),
        (b"m:CreateCounterparty", b"m:NoSuchOperation", "Операция не найдена: NoSuchOperation"),
    ],
)
def test_xml_that_does_not_fit_the_package_is_a_fault(bp, old, new, said):
    answer = post(bp, body("soap/create_counterparty_request.xml").replace(old, new))
    assert answer.status_code == 500
    assert said in etree.fromstring(answer.content).findtext(".//faultstring")


def test_a_service_that_is_not_installed_answers_a_page(bp):
    service = client(bp).service
    bp.switch(installed=False)
    with pytest.raises(Fault) as caught:  # what zeep makes of a page that happens to be well-formed
        service.Ping()
    assert caught.value.code is None
    assert b"<h2>Not Found</h2>" in caught.value.detail
