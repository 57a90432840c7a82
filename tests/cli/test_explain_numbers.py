"""«Где счёт?»: the answer to the number of an invoice, an order or a lead."""

from __future__ import annotations

from cli.explain import explain
from provodka.invoices import InvoiceRef
from provodka.journal import ActionState, Journal
from provodka.payloads import EventType, FormSubmitted, InvoiceEvent, Order, Person
from tests.cli.playing import NAME, PHONE, House, Seen


def test_the_number_of_an_invoice_or_of_a_lead_leads_to_its_person(journal: Journal, house: House, seen: Seen) -> None:
    house.planned(payload=InvoiceEvent(InvoiceRef("17:1", "17", number="КР00-000123")), type=EventType.INVOICE_ISSUED)
    house.attempt(outcome="done", state=ActionState.DONE, result="{}", identities=("lead:17",))
    for wanted in ("счёт 123", "КР00-000123", "123", "17"):
        assert explain(journal, wanted, seen.view()) == 0
    seen.has("invoice.issued by site", "invoice.issued by site", "invoice.issued by site", "invoice.issued by site")
    assert explain(journal, "124", seen.view()) == 1
    assert "no event carries the number 124" in seen.error


def test_a_number_of_several_people_names_them_all(journal: Journal, house: House, seen: Seen) -> None:
    ids = []
    for number, phone in (("КР00-000017", PHONE), ("УТ-17", "+79160003344")):
        paid = InvoiceEvent(InvoiceRef("30:1", number=number))
        person = Person(NAME, (phone,))
        ids.append(house.planned(number, payload=paid, type=EventType.INVOICE_ISSUED, person=person).id)
    assert explain(journal, "17", seen.view()) == 2
    assert "invoice УТ-17, invoice КР00-000017" in seen.error
    assert all(id_ in seen.error for id_ in ids)


def test_a_phone_that_somebody_gave_as_their_number_is_masked(journal: Journal, house: House, seen: Seen) -> None:
    for given, phone in (("+7 916 000-55-22", PHONE), ("+7 916 000-66-22", "+79160003344")):
        house.planned(given, payload=FormSubmitted(order=Order(given)), person=Person(NAME, (phone,)))
    assert explain(journal, "22", seen.view()) == 2
    assert "order +7916•••5522#" in seen.error
    assert "000-55-22" not in seen.error
