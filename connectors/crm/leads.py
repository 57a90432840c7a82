"""What every CRM's room asks of leads that were read: their order, whether they fit, and where a ripe one goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from connectors.crm.batching import build
from connectors.crm.names import plain
from connectors.crm.values import plain_number
from provodka.crm import LeadChange, LeadConversion, LeadQuery
from provodka.errors import Rejected
from provodka.operation import Outcome, Request
from provodka.payloads import LeadRef

NOWHERE: Final = "Укажите в convert воронку (pipeline) или этап (stage): сделка переходит туда."
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def newest_first(leads: Iterable[LeadRef]) -> list[LeadRef]:
    return sorted(leads, key=lambda one: (one.created_at or _LONG_AGO, int(one.id)), reverse=True)


def in_pipeline(lead: LeadRef, pipeline: str) -> bool:
    """Whether it stands there; anywhere will do where none is named."""
    return not pipeline or plain(lead.pipeline) == plain(pipeline)


def has_value(lead: LeadRef, field: str, query: LeadQuery) -> bool:
    """Whether the field shows the value that is looked for: a search also finds it in the midst of others."""
    shown = lead.fields.get(field, "")
    is_so = plain(shown) == plain(query.value) or plain_number(shown.strip()) == plain_number(query.value.strip())
    return bool(shown) and is_so and in_pipeline(lead, query.pipeline)


def by_moving(
    requests: Sequence[Request[LeadConversion]], move: Callable[[Sequence[Request[LeadChange]]], list[Outcome]]
) -> list[Outcome]:
    """Conversion where leads and deals are one: the lead moves to the pipeline and stage that are named."""
    moves, outcomes = build(requests, lambda request: _move(request.params))
    order = list(moves)
    sent = move([Request(requests[i].key, moves[i], requests[i].unsure_since) for i in order]) if order else []
    outcomes.update(zip(order, sent, strict=True))
    return [outcomes[i] for i in range(len(requests))]


def _move(conversion: LeadConversion) -> LeadChange:
    if not conversion.pipeline and not conversion.stage:
        raise Rejected("the conversion names neither a pipeline nor a stage", hint=NOWHERE)
    return LeadChange(conversion.lead_id, pipeline=conversion.pipeline, stage=conversion.stage)
