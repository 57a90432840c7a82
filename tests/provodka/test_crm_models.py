"""What a write of the neutral CRM is given can be frozen in the journal and read back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import provodka.crm
from provodka.crm import NOT_OFFERED, ChatMessage, Crm, NewLead, StaffNotice, not_offered

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
NUMBERS = st.decimals(-(10**9), 10**9, places=2)


def params() -> list[type[Any]]:
    """The parameter of every write."""
    hints = [
        get_type_hints(member.fget, vars(provodka.crm.protocols))["return"]
        for base in Crm.__mro__
        for member in vars(base).values()
        if isinstance(member, property)
    ]
    return sorted({get_args(hint)[0] for hint in hints}, key=lambda kind: kind.__name__)


@pytest.fixture(autouse=True, scope="module")
def known_types():
    for kind, strategy in ((str, TEXT), (datetime, MOMENTS), (Decimal, NUMBERS)):
        st.register_type_strategy(kind, strategy)


@pytest.mark.parametrize("kind", params(), ids=lambda kind: kind.__name__)
def test_a_frozen_request_is_read_back_as_it_was(kind):
    adapter = TypeAdapter(kind)

    @settings(max_examples=30, deadline=None)
    @given(st.from_type(kind))
    def law(one):
        assert adapter.validate_json(adapter.dump_json(one)) == one

    law()


def test_the_law_sees_the_writes():
    assert {NewLead, StaffNotice, ChatMessage} < set(params())


def test_a_lacking_capability_says_what_and_where():
    error = not_offered("Битрикс24", "покупателей")
    assert error.code == NOT_OFFERED
    assert error.hint == "В Битрикс24 нет покупателей: уберите это действие."
