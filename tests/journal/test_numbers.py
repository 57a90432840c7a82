"""People by the numbers of their invoices, orders and payments, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from provodka.event import Event
from provodka.invoices import InvoiceRef, Paper
from provodka.journal import ActionState, DeadReason, Finished, Journal, NewAction, PlanRecord, mending, numbering
from provodka.journal.numbering import INVOICE, ORDER, PAYMENT, REQUEST, SHIPMENT, Numbered
from provodka.own_pages import Partner
from provodka.payloads import (
    EventType,
    Form,
    FormSubmitted,
    InvoiceEvent,
    Order,
    Payload,
    Payment,
    PaymentEvent,
    Person,
    RowAdded,
    TableRow,
)
from tests.journal.conftest import Clock, steps_of, undo_after

MakeForm = Callable[..., Event]
NUMBER = "КР00-000123"


def numbered(journal: Journal, typed: str) -> list[tuple[str, str]]:
    return sorted((one.kind, one.number) for one in journal.read(lambda c: numbering.lanes_numbered(c, typed, 20)))


def comes(journal: Journal, form: MakeForm, payload: Payload, kind: EventType, phone: str = "+79160001122") -> int:
    """An event with this payload, taken up for planning; returns its lane."""
    event = replace(form(f"{kind}:{payload}"), type=kind, payload=payload, person=Person(phones=(phone,)))
    journal.accept([event])
    (stored,) = journal.claim_events(10)
    assert stored.lane is not None
    return stored.lane


def issued(journal: Journal, form: MakeForm, number: str, phone: str = "+79160001122") -> int:
    payload = InvoiceEvent(InvoiceRef("17:1", number=number))
    return comes(journal, form, payload, EventType.INVOICE_ISSUED, phone)


TYPED = (NUMBER, "кр00-000123", "KP00-000123", "КР00 000123", "КР00000123", "123", "000123", "КР-123", "КР123")
STRANGE = ("23", "1230", "УТ-123", "КР00-000124", "8 916 000-01-23", "КР", "", "КР%")


def test_an_invoice_is_found_however_its_number_is_typed(journal: Journal, form: MakeForm) -> None:
    lane = issued(journal, form, NUMBER)
    issued(journal, form, "УТ-42", "+79160001133")
    found = {typed: journal.read(lambda c, t=typed: numbering.lanes_numbered(c, t, 20)) for typed in TYPED}
    assert found == {typed: [Numbered(INVOICE, NUMBER, lane)] for typed in TYPED}


@pytest.mark.parametrize(
    ("written", "typed"),
    [("12 345", "12345"), ("12345", "12 345"), ("1 005", "1005"), ("10 000", "10000"), ("10000", "10 000")],
)
def test_a_number_in_groups_of_three_digits_is_found_without_them(
    journal: Journal, form: MakeForm, written: str, typed: str
) -> None:
    issued(journal, form, written)
    assert numbered(journal, typed) == [(INVOICE, written)]


def test_what_only_looks_like_a_number_finds_nobody(journal: Journal, form: MakeForm) -> None:
    issued(journal, form, NUMBER)
    assert {typed: numbered(journal, typed) for typed in STRANGE} == {typed: [] for typed in STRANGE}


def test_the_same_digits_find_all_who_have_them_the_newest_first(journal: Journal, form: MakeForm) -> None:
    lanes = [
        issued(journal, form, f"{begin}-00123", f"+791600011{at:02}") for at, begin in enumerate(("КР", "УТ", "БП"))
    ]
    found = journal.read(lambda c: numbering.lanes_numbered(c, "123", 2))
    assert [one.lane for one in found] == lanes[:0:-1]
    assert numbered(journal, "УТ-123") == [(INVOICE, "УТ-00123")]


PAYLOADS: list[tuple[Payload, EventType, list[tuple[str, str]]]] = [
    (
        InvoiceEvent(
            InvoiceRef("17:1", number="УТ-42", order=Paper("order", "r", "З-7")), None, Paper("shipment", "s", "РН-9")
        ),
        EventType.ORDER_SHIPPED,
        [(INVOICE, "УТ-42"), (ORDER, "З-7"), (SHIPMENT, "РН-9")],
    ),
    (
        PaymentEvent(Payment("2d1b9bd1-000f-5000-8000-18db351245c7", "prv-77")),
        EventType.PAYMENT_SUCCEEDED,
        [(ORDER, "prv-77"), (PAYMENT, "2d1b9bd1-000f-5000-8000-18db351245c7")],
    ),
    (FormSubmitted(order=Order("1517")), EventType.FORM_SUBMITTED, [(ORDER, "1517")]),
    (
        FormSubmitted(Form(fields={"№ заказа": "A-8", "order.id": "9", "Этаж": "5", "Номер счёта": "СЧ-3"})),
        EventType.FORM_SUBMITTED,
        [(INVOICE, "СЧ-3"), (ORDER, "9"), (ORDER, "A-8")],
    ),
    (
        FormSubmitted(Form(fields={"order_key": "wc_order_58d2d042d1d", "number": "727", "id": "727"})),
        EventType.FORM_SUBMITTED,
        [(ORDER, "727")],
    ),
    (FormSubmitted(Form(fields={"number": "12"})), EventType.FORM_SUBMITTED, []),
    (RowAdded(TableRow(fields={"Номер заказа": "К-12", "Сумма": "500"})), EventType.TABLE_ROW_ADDED, [(ORDER, "К-12")]),
]


def test_every_event_is_found_by_the_numbers_that_it_tells_of(journal: Journal, form: MakeForm) -> None:
    for at, (payload, kind, expected) in enumerate(PAYLOADS):
        lane = comes(journal, form, payload, kind, f"+7916000{at:04}")
        mine = {"lane": lane}
        kept = journal.read(
            lambda c, m=mine: c.execute(text("SELECT kind, number FROM numbered WHERE lane = :lane"), m).all()
        )
        assert sorted(map(tuple, kept)) == sorted(expected)
        assert [one for one in expected if one not in numbered(journal, one[1])] == []


def test_a_partner_finds_a_request_by_its_own_number_and_by_what_we_answered(journal: Journal, form: MakeForm) -> None:
    payload = FormSubmitted(partner=Partner("lidy", request="L-55"))
    comes(journal, form, payload, EventType.FORM_SUBMITTED)
    told = numbering.numbers_of(payload, "lidy:id:0123456789abcdef01234567")
    assert told == [(REQUEST, "L-55"), (REQUEST, "lidy:id:0123456789abcdef01234567")]
    assert numbered(journal, "55") == [(REQUEST, "L-55")]


def test_who_turns_out_to_be_one_person_has_the_numbers_of_both(journal: Journal, form: MakeForm) -> None:
    first = issued(journal, form, NUMBER)
    issued(journal, form, "УТ-42", "+79160001133")
    journal.accept([replace(form("both"), person=Person("М", ("+79160001122", "+79160001133")))])
    journal.claim_events(10)
    assert [one.lane for one in journal.read(lambda c: numbering.lanes_numbered(c, "УТ-42", 20))] == [first]


def action(journal: Journal, form: MakeForm, kind: str) -> int:
    """An action of this kind, begun; its id."""
    journal.accept([form("1", phone="+79160001122")])
    (stored,) = journal.claim_events(1)
    assert stored.lane is not None
    planned = NewAction(f"{stored.event.id}:0", "Счёт", kind, "{}")
    journal.write_plans([PlanRecord(stored.seq, stored.lane, "event", "{}", (planned,))])
    (claimed,) = journal.claim_actions(1)
    return claimed.id


@pytest.mark.parametrize(
    ("kind", "values", "typed"),
    [
        ("issue_invoice", {"number": NUMBER, "order": "ref"}, "123"),
        ("place_order", {"number": "З-7"}, "З-7"),
        ("payment_link", {"order": "2001", "payment": "3093639567"}, "3093639567"),
    ],
)
def test_a_number_that_an_action_was_given_is_found(
    journal: Journal, form: MakeForm, kind: str, values: dict[str, str], typed: str
) -> None:
    id_ = action(journal, form, kind)
    numbers = numbering.numbers_of_result(kind, values)
    journal.finish([Finished(id_, 1, "done", ActionState.DONE, result=json.dumps(values), numbers=numbers)], "onec")
    assert len(numbered(journal, typed)) == 1


def test_a_number_that_a_person_has_settled_is_found(journal: Journal, form: MakeForm, clock: Clock) -> None:
    id_ = action(journal, form, "payment_link")
    unknown = {"state": ActionState.DEAD, "reason": DeadReason.OUTCOME_UNKNOWN}
    journal.finish([Finished(id_, 1, "ambiguous", **unknown)], "robokassa")  # type: ignore[arg-type]
    assert journal.write(lambda c: mending.resolve(c, id_, clock(), json.dumps({"order": "2001"}), "robokassa"))
    assert numbered(journal, "2001") == [(ORDER, "2001")]


def test_the_numbers_are_found_by_their_index(journal: Journal, form: MakeForm) -> None:
    issued(journal, form, NUMBER)
    for typed in (NUMBER, "123", "КР-123"):
        steps = steps_of(journal, lambda c, typed=typed: numbering.lanes_numbered(c, typed, 20), "numbered", 1)  # type: ignore[misc]
        assert [
            step for step in steps if "numbered" in step and not step.startswith("SEARCH numbered USING PRIMARY KEY")
        ] == []


def test_a_journal_of_before_knows_the_numbers_of_its_past(open_journal: Callable[[], Journal], form: MakeForm) -> None:
    before = open_journal()
    lane = issued(before, form, NUMBER)
    id_ = action(before, form, "payment_link")
    before.finish([Finished(id_, 1, "done", ActionState.DONE, result='{"order": "2001", "payment": ""}')], "robokassa")
    undo_after(before, "0006")
    before.close()
    after = open_journal()
    assert after.read(lambda c: numbering.lanes_numbered(c, "123", 20)) == [Numbered(INVOICE, NUMBER, lane)]
    assert numbered(after, "2001") == [(ORDER, "2001")]


@given(st.text("АКабP0123-/ №", max_size=20))
def test_a_number_has_one_key_whatever_stands_between_its_signs(number: str) -> None:
    key = numbering.key_of(number)
    assert (key is None) == (not any(one.isdigit() for one in number))
    if key is not None:
        assert numbering.key_of(number.swapcase().replace("-", " ")) == key
