"""`/api/v4/leads/pipelines` with their statuses, and `/leads/loss_reasons`."""

from __future__ import annotations

from sandbox.amocrm.call import Call
from sandbox.amocrm.model import CLOSED, Json, LossReason, Pipeline, Status
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.seed import pipeline as new_pipeline

REASONS_BORN = 1767225600


def list_pipelines(call: Call) -> Json:
    """`GET /leads/pipelines`: all of them, without pages."""
    rows = sorted(call.store.pipelines.values(), key=lambda row: row.sort)
    shown = [_pipeline(call, row) for row in rows]
    return {
        "_total_items": len(shown),
        "_links": call.links("leads/pipelines"),
        "_embedded": {"pipelines": shown},
    }


def get_pipeline(call: Call, pipeline_id: int) -> Json:
    return _pipeline(call, _known(call, pipeline_id))


def create_pipelines(call: Call) -> Json:
    """`POST /leads/pipelines`: name, sort, and stages in `_embedded.statuses`."""
    items = _named(call)
    rows = []
    for request_id, item in items:
        stages = (item.get("_embedded") or {}).get("statuses") or [{"name": "Первичный контакт"}]
        names = tuple(str(stage.get("name")) for stage in stages if stage.get("id") not in CLOSED)
        first = call.store.new_id("statuses")
        call.store.next_ids["statuses"] = first + len(names) + 1
        row = new_pipeline(call.store.new_id("pipelines"), item["name"], names, first_status=first, is_main=False)
        row.sort = item.get("sort") or row.sort
        call.store.add("pipelines", row)
        rows.append({**_pipeline(call, row), "request_id": request_id})
    return {"_total_items": len(rows), "_embedded": {"pipelines": rows}}


def list_statuses(call: Call, pipeline_id: int) -> Json:
    rows = [_status(call, row) for row in _known(call, pipeline_id).ordered()]
    return {"_total_items": len(rows), "_embedded": {"statuses": rows}}


def get_status(call: Call, pipeline_id: int, status_id: int) -> Json:
    status = _known(call, pipeline_id).statuses.get(status_id)
    if status is None:
        raise missing("Status not found")
    return _status(call, status)


def create_statuses(call: Call, pipeline_id: int) -> Json:
    """`POST /leads/pipelines/{id}/statuses`."""
    pipeline, items = _known(call, pipeline_id), _named(call)
    rows = []
    for request_id, item in items:
        color = str(item.get("color") or "#99ccff")
        sort = item.get("sort") or 100
        status = Status(call.store.new_id("statuses"), item["name"], sort, color, pipeline.id)
        pipeline.statuses[status.id] = status
        rows.append({**_status(call, status), "request_id": request_id})
    call.store.touch("pipelines", pipeline.id)
    return {"_total_items": len(rows), "_embedded": {"statuses": rows}}


def list_loss_reasons(call: Call) -> Json | None:
    rows = call.store.loss_reasons.values()
    return call.listing("loss_reasons", rows, lambda row: _loss_reason(call, row), total=True)


def get_loss_reason(call: Call, reason_id: int) -> Json:
    row = call.store.loss_reasons.get(reason_id)
    if row is None:
        raise missing("Loss reason not found")
    return _loss_reason(call, row)


def create_loss_reasons(call: Call) -> Json:
    """`POST /leads/loss_reasons`."""
    items = _named(call)
    rows = []
    for request_id, item in items:
        row = LossReason(call.store.new_id("loss_reasons"), item["name"], item.get("sort") or 10100)
        call.store.add("loss_reasons", row)
        rows.append({**_loss_reason(call, row), "request_id": request_id})
    return {"_total_items": len(rows), "_embedded": {"loss_reasons": rows}}


def _named(call: Call) -> list[tuple[str, Json]]:
    checks, items = Checks(), call.items()
    for request_id, item in items:
        checks.item(request_id)
        checks.name(item)
        checks.integers(item, "sort")
    checks.finish()
    return items


def _known(call: Call, pipeline_id: int) -> Pipeline:
    row = call.store.pipelines.get(pipeline_id)
    if row is None:
        raise missing("Pipeline not found")
    return row


def _pipeline(call: Call, row: Pipeline) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "sort": row.sort,
        "is_main": row.is_main,
        "is_unsorted_on": True,
        "is_archive": False,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"leads/pipelines/{row.id}"),
        "_embedded": {"statuses": [_status(call, status) for status in row.ordered()]},
    }


def _status(call: Call, row: Status) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "sort": row.sort,
        "is_editable": row.is_editable,
        "pipeline_id": row.pipeline_id,
        "color": row.color,
        "type": row.type,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"leads/pipelines/{row.pipeline_id}/statuses/{row.id}"),
    }


def _loss_reason(call: Call, row: LossReason) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "sort": row.sort,
        "created_at": REASONS_BORN,
        "updated_at": REASONS_BORN,
        "_links": call.links(f"leads/loss_reasons/{row.id}"),
    }
