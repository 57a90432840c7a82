"""Whatever JSON a messenger's notice holds, it becomes events, or is told to be unreadable: never another error."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.greenapi.channel import GreenApiChannel
from connectors.meta.channel import MetaChannel
from connectors.wazzup.channel import WazzupChannel
from connectors.whatsapp.channel import WhatsappChannel
from provodka.channel import Delivery, Receiver, UnreadableError
from provodka.event import dump_payload, load_payload
from tests.contract.case import RIGHT, around, nothing
from tests.contract.services import greenapi, meta, wazzup, whatsapp

RUBBISH = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        10**30,
        1e400,
        "",
        "x",
        "\ud83d\ude00",
        "9" * 400,
        [],
        [None],
        [[]],
        {},
        {"id": {}},
        {"body": [1]},
    ]
)
RECEIVERS: dict[str, tuple[Receiver, Callable[[bytes, str | None], Delivery], list[bytes]]] = {
    "whatsapp": (
        WhatsappChannel("канал", whatsapp.SETTINGS),
        whatsapp.signed,
        [
            whatsapp.delivered(
                {"messages": [{**whatsapp.TEXT, "referral": {"ctwa_clid": "x"}, "context": {"id": "y"}}]}
            ),
            whatsapp.delivered({"messages": [{**whatsapp.TEXT, "type": "order", "order": {"product_items": [{}]}}]}),
            whatsapp.delivered({"contacts": [{"profile": {"name": "М"}, "wa_id": "7916"}], "statuses": [{"id": "w"}]}),
        ],
    ),
    "meta": (
        MetaChannel("канал", meta.SETTINGS),
        meta.signed,
        [
            meta.entry(messaging=[meta.TEXT]),
            meta.notice(meta.LEAD),
            meta.entry(changes=[{"field": "comments", "value": {}}]),
        ],
    ),
    "wazzup": (
        WazzupChannel("канал", wazzup.SETTINGS, around()),
        wazzup.with_key,
        [
            wazzup.body(
                messages=[wazzup.TEXT], statuses=[{**wazzup.STATUS, "status": "error", "error": {"error": "SPAM"}}]
            )
        ],
    ),
    "greenapi": (
        GreenApiChannel("канал", greenapi.IN_HEADER),
        greenapi.with_token,
        [greenapi.body(greenapi.TEXT), greenapi.body({**greenapi.STATUS, "status": "read"})],
    ),
}


def places(value: object, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place below the top at which something else could stand."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, one in members for place in ((*way, name), *places(one, (*way, name)))]


def with_rubbish(value: object, way: tuple[str | int, ...], rubbish: object) -> object:
    if not way:
        return rubbish
    if isinstance(value, dict):
        return {k: with_rubbish(v, way[1:], rubbish) if k == way[0] else v for k, v in value.items()}
    assert isinstance(value, list)
    return [with_rubbish(v, way[1:], rubbish) if n == way[0] else v for n, v in enumerate(value)]


@pytest.mark.parametrize("name", RECEIVERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_rubbish_in_any_place_of_a_notice_is_never_an_error_of_ours(name: str, data: st.DataObject) -> None:
    receiver, deliver, bodies = RECEIVERS[name]
    whole = json.loads(data.draw(st.sampled_from(bodies)))
    way = data.draw(st.sampled_from(places(whole)))
    body = json.dumps(with_rubbish(whole, way, data.draw(RUBBISH))).encode()
    try:
        received = receiver.receive(deliver(body, RIGHT), nothing)
    except UnreadableError:
        return
    assert received.reply.status == 200
    for event in received.events:
        assert event.external_id
        assert load_payload(event.type, dump_payload(event.payload)) == event.payload
