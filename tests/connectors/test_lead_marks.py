"""The hidden field `prv_lead` of forms of others: it brings the answers to the deal that the form was sent for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings
from connectors.tilda.channel import TildaChannel
from connectors.tilda.settings import TildaSettings
from provodka.channel import Delivery
from provodka.own_pages import LeadMarks

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MARKS = LeadMarks(b"key")
MARK = MARKS.of("17", NOW + timedelta(days=90))
FORM = FormChannel("site", FormSettings.model_validate({"secret": "s", "map": {"lead": "Номер"}}), MARKS)
TILDA = TildaChannel("site", TildaSettings.model_validate({"secret": "s"}), MARKS)


def payload(channel: Any, **fields: str) -> Any:
    body = urlencode({"Name": "Мария", "Бюджет": "100", **fields}).encode()
    (event,) = channel.receive(Delivery("POST", "s", {}, {}, body, NOW), lambda _: ()).events
    return event.payload


@pytest.mark.parametrize(
    ("channel", "field"), [(FORM, "prv_lead"), (FORM, "PRV-Lead"), (FORM, "data[prv_lead]"), (TILDA, "prv_lead")]
)
def test_a_form_of_others_names_the_deal_by_our_mark(channel: Any, field: str) -> None:
    found = payload(channel, **{field: MARK})
    assert (found.lead_id, found.form.fields) == ("17", {"Бюджет": "100"})


def test_the_mark_may_stand_in_a_field_that_the_config_names() -> None:
    assert payload(FORM, Номер=MARK).lead_id == "17"


@pytest.mark.parametrize(
    "mark", ["17", f"{MARK}x", MARKS.of("17", NOW - timedelta(days=1)), LeadMarks(b"x").of("17", NOW)]
)
@pytest.mark.parametrize("channel", [FORM, TILDA])
def test_with_a_mark_that_is_not_ours_the_answers_are_kept_and_are_of_no_deal(channel: Any, mark: str) -> None:
    found = payload(channel, prv_lead=mark)
    assert (found.lead_id, found.form.fields) == ("", {"Бюджет": "100", "prv_lead": mark})
