"""Laws of what rules ask of 1C, whatever is asked in whatever order."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from provodka.accounting import DocumentKind, kopecks
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.invoices import InvoiceLine, SaleState
from provodka.operation import Done
from rules.actions.sources import invoice_lines
from tests.rules.onec import SCREW, TILE, Books
from tests.rules.world import NOW

SUMS = st.decimals(Decimal("0.01"), Decimal(100_000), places=2)
QUANTITIES = st.decimals(Decimal("0.001"), Decimal(1000), places=3)
LINES = st.lists(st.builds(InvoiceLine, st.just("А"), QUANTITIES, SUMS, SUMS), max_size=6)


@given(LINES)
def test_the_lead_costs_what_the_invoice_says(lines: list[InvoiceLine]) -> None:
    found = invoice_lines(lines)
    assert sum(kopecks(one.price * one.quantity) for one in found) == sum(one.amount for one in lines)
    assert all(one.quantity > 0 for one in found)


WARES = ([TILE], [SCREW], [TILE, SCREW])
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), st.sampled_from(["new", "refuse", "replace"])),
        st.tuples(st.just("wares"), st.integers(0, len(WARES) - 1)),
        st.tuples(st.just("cancel"), st.none()),
        st.tuples(st.just("order"), st.none()),
        st.tuples(st.just("pay"), st.sampled_from(["1", "5000"])),
        st.tuples(st.just("break"), st.sampled_from(["early", "late", "refused"])),
    ),
    max_size=14,
)
BREAKS = {"early": Retryable("locked"), "late": Ambiguous("cut off"), "refused": Rejected("the period is closed")}


def act(books: Books, number: int, name: str, what: Any) -> None:
    """One thing that happens; an attempt that can heal is made again, as the worker does it."""
    match name:
        case "wares":
            books.around.products["17"] = list(WARES[what])
        case "pay" if books.sales() and books.sales()[-1].state is SaleState.ISSUED:
            books.pay(what)
        case "break":
            books.road.breaks, books.road.late = [BREAKS[what]], what == "late"
        case "issue" | "cancel" | "order":
            step = {"issue": "issue_invoice", "cancel": "cancel_invoice", "order": "place_order"}[name]
            event = books.staged(f"e{number}")
            outcome = books.do(step, {"if_changed": what} if name == "issue" else {}, event)
            unsure = NOW if isinstance(outcome, Ambiguous) else None
            if isinstance(outcome, Retryable | Ambiguous):
                outcome = books.do(step, {"if_changed": what} if name == "issue" else {}, event, unsure_since=unsure)
            assert isinstance(outcome, Done | Rejected)
            books.look()


@settings(max_examples=80)
@given(ACTS)
def test_nothing_is_made_twice_whatever_breaks(acts: list[tuple[str, Any]]) -> None:
    books = Books()
    for number, (name, what) in enumerate(acts):
        act(books, number, name, what)
    papers = [paper for paper in books.road.papers.values() if paper.kind is not DocumentKind.PAYMENT]
    marks = Counter(paper.mark for paper in papers if paper.mark)
    assert all(count == 1 for count in marks.values())
    assert len(books.road.parties) <= 1
    sales = books.sales()
    assert [one.id for one in sales] == [f"17:{n}" for n in range(1, len(sales) + 1)]
    living = [one for one in sales if one.state is not SaleState.CANCELLED and one.ref]
    contents = Counter(tuple(sorted((line.name, line.amount) for line in one.lines)) for one in living)
    assert all(count == 1 for count in contents.values()), "the same was asked for twice"
    assert all(one.paid == 0 or one.state is not SaleState.CANCELLED for one in sales), "a paid one was cancelled"
