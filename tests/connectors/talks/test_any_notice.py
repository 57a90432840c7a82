"""Whatever an authentic notice holds: it is events, nothing, or named as unreadable, and never a fault of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provodka.channel import UnreadableError
from tests.contract.case import RIGHT, nothing
from tests.contract.services import avito, viber, vk

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def changed(body: Any, words: list[str], value: Any) -> Any:
    """The body with another value at the end of that way, as far as it goes."""
    if not words or not isinstance(body, dict):
        return value
    return {**body, words[0]: changed(body.get(words[0]), words[1:], value)}


def ways(body: Any) -> list[list[str]]:
    """Every way into the body."""
    below = [[name, *way] for name, inner in body.items() for way in ways(inner)] if isinstance(body, dict) else []
    return [[], *below]


BODIES = {
    "vk message": (vk, json.loads(vk.CASES[0].good), vk.signed),
    "vk lead": (vk, json.loads(vk.CASES[1].good), vk.signed),
    "viber": (viber, json.loads(viber.CASES[0].good), viber.signed),
    "viber contact": (viber, json.loads(viber.wrote(type="contact", contact={"name": "М"})), viber.signed),
    "avito": (avito, json.loads(avito.CASES[0].good), avito.in_path),
}


@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_notice_of_which_a_part_is_anything_at_all_is_no_fault(name: str, data: st.DataObject) -> None:
    module, body, deliver = BODIES[name]
    way = data.draw(st.sampled_from([way for way in ways(body) if way and way[0] not in ("group_id", "secret")]))
    raw = json.dumps(changed(body, way, data.draw(ANYTHING))).encode()
    try:
        received = module.CASES[0].build().receive(deliver(raw, RIGHT), nothing)
    except UnreadableError:
        return
    assert received.reply.status == 200
    for event in received.events:
        assert event.external_id
        assert event.channel == "канал"
