"""Steps for 1C in a config: what is wrong with them is told before the start."""

from __future__ import annotations

from typing import Any

import pytest

from rules.actions import REGISTRY
from rules.beside import Beside
from rules.check import check
from tests.rules.onec import STAGE
from tests.rules.world import STAFF, make_rule

BOOKS = Beside(accounting=True)


def problems(*steps: Any, on: str = STAGE, beside: Beside = BOOKS, **more: Any) -> list[tuple[str, str, str]]:
    found = check([make_rule(*steps, on=on, **more)], REGISTRY, STAFF, {}, beside)
    return [(".".join(map(str, one.path[2:])), one.text, one.hint) for one in found]


ALL_STEPS: list[dict[str, Any]] = [
    {"counterparty": {}},
    {"issue_invoice": {}},
    {"place_order": {}},
    {"cancel_invoice": {}},
    {"print": {}},
    {"products": {"from": "invoice"}},
    {"invoice": {"title": "Счёт", "from": "invoice"}},
]


@pytest.mark.parametrize("step", ALL_STEPS, ids=lambda step: next(iter(step)))
def test_a_step_for_1c_in_a_config_without_one_is_named_before_the_start(step: dict[str, Any]) -> None:
    ((place, text, cure),) = problems(step, beside=Beside())
    assert place == f"do.0.{next(iter(step))}"
    assert text == "the config has no accounting, so that this can never be done"
    assert cure.startswith("add it, for example accounting: {type: odata")
    assert problems(step) == []


@pytest.mark.parametrize(
    ("step", "place", "text", "hint"),
    [
        ({"issue_invoice": {"coment": "а"}}, "coment", 'unknown key "coment"', 'did you mean "comment"?'),
        ({"counterparty": {"account": {"bik": "1"}}}, "account.bik", 'unknown key "bik"', ""),
        ({"issue_invoice": {"vat": 18}}, "vat", "", ""),
        ({"issue_invoice": {"from": "lead", "lines": [{"name": "А"}]}}, "", "write either lines: [...] or from:", ""),
        (
            {"issue_invoice": {"buyer": {"inn": "{{ company.in }}"}}},
            "buyer.inn",
            "lead.stage_changed has no company.in",
            'did you mean "company.inn"?',
        ),
        (
            {"print": {"name": "Счёт {{ invoise.short }}"}},
            "name",
            "lead.stage_changed has no invoise.short",
            'did you mean "invoice.short"?',
        ),
        ({"print": {"document": "act"}}, "document", "", ""),
        ({"pay_invoice": {}}, "title", 'missing key "title"', ""),
        ({"place_order": {"from": "lead"}}, "from", 'unknown key "from"', ""),
    ],
)
def test_mistakes_in_the_parameters_are_told_with_their_place(
    step: dict[str, Any], place: str, text: str, hint: str
) -> None:
    found = problems(step, when={"company": {"known": True}, "invoice": {"known": True}})
    name = next(iter(step))
    assert [one for one, _, _ in found] == [f"do.0.{name}.{place}".rstrip(".")]
    assert (text or found[0][1], hint or found[0][2]) == found[0][1:]


@pytest.mark.parametrize(
    ("step", "on"),
    [
        ({"issue_invoice": {}}, "invoice.issued"),
        ({"place_order": {}}, "order.created"),
        ({"cancel_invoice": {}}, "invoice.cancelled"),
    ],
)
def test_a_rule_that_would_start_itself_needs_a_condition(step: dict[str, Any], on: str) -> None:
    ((_, text, _),) = problems(step, on=on)
    assert text == f"{next(iter(step))} brings about {on}, which starts this rule again, without an end"


def test_an_order_must_come_with_the_event() -> None:
    ((_, text, _),) = problems({"issue_invoice": {"from": "order"}})
    assert text == "lead.stage_changed has no order for issue_invoice"


@pytest.mark.parametrize(
    ("text", "on", "part"),
    [
        ("{{ invoice.short }}", STAGE, "invoice"),
        ("{{ invoice.order.number }}", "invoice.paid", "order"),
        ("{{ document.number }}", "invoice.requested", "document"),
    ],
)
def test_what_a_sale_may_lack_must_be_asked_for(text: str, on: str, part: str) -> None:
    ((_, told, hint),) = problems({"notify": {"to": "rop", "text": text}}, on=on)
    assert told == f"there may be no {part} when this text is made, and the rule would fail"
    name = "invoice.order" if part == "order" else part
    assert f"when: {{{name}: {{known: true}}}}" in hint
    assert problems({"notify": {"to": "rop", "text": text}}, on=on, when={name: {"known": True}}) == []


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("{{ invoice.short }} {{ invoice.left }}", "invoice.issued"),
        ("{{ document.number }} {{ document.amount }}", "invoice.paid"),
        ("{{ invoice.order.number }}", "order.created"),
        ("{{ document.short }}", "order.cancelled"),
    ],
)
def test_what_an_event_of_1c_never_lacks_need_not_be_asked_for(text: str, on: str) -> None:
    assert problems({"notify": {"to": "rop", "text": text}}, on=on) == []
