"""`/api/v4/leads/pipelines` with their statuses, and `/leads/loss_reasons`."""

from __future__ import annotations

from sandbox.amocrm.call import Call
from sandbox.amocrm.model import CLOSED, Json, LossReason, Pipeline, Status
from sandbox.amocrm.problems import Checks, Problem, missing
from sandbox.amocrm.seed import pipeline as new_pipeline

REASONS_BORN = 1767225600
MOST_PIPELINES = 50
MOST_STATUSES = 100


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
    if len(call.store.pipelines) + len(items) > MOST_PIPELINES:
        raise Problem(400, "Too many pipelines")
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


def patch_pipeline(call: Call, pipeline_id: int) -> Json:
    """`PATCH /leads/pipelines/{id}`: name, sort, is_main, is_unsorted_on."""
    row, item, checks = _known(call, pipeline_id), call.item(), Checks()
    checks.integers(item, "sort")
    if "name" in item:
        checks.name(item)
    checks.finish()
    row.name, row.sort = item.get("name") or row.name, item.get("sort") or row.sort
    row.is_unsorted_on = bool(item.get("is_unsorted_on", row.is_unsorted_on))
    if item.get("is_main"):
        for other in call.store.pipelines.values():
            other.is_main = other is row
            call.store.touch("pipelines", other.id)
    call.store.touch("pipelines", row.id)
    return _pipeline(call, row)


def delete_pipeline(call: Call, pipeline_id: int) -> None:
    """`DELETE /leads/pipelines/{id}`: neither the main one nor one with leads."""
    row = _known(call, pipeline_id)
    if row.is_main:
        raise Problem(422, "Main pipeline cannot be deleted")
    if any(lead.pipeline_id == row.id for lead in call.store.leads.values()):
        raise Problem(422, "Pipeline has leads")
    del call.store.pipelines[row.id]
    call.store.touch("pipelines", row.id)


def list_statuses(call: Call, pipeline_id: int) -> Json:
    rows = [_status(call, row) for row in _known(call, pipeline_id).ordered()]
    return {"_total_items": len(rows), "_embedded": {"statuses": rows}}


def get_status(call: Call, pipeline_id: int, status_id: int) -> Json:
    return _status(call, _known_status(_known(call, pipeline_id), status_id))


def create_statuses(call: Call, pipeline_id: int) -> Json:
    """`POST /leads/pipelines/{id}/statuses`."""
    pipeline, items = _known(call, pipeline_id), _named(call)
    if len(pipeline.statuses) + len(items) > MOST_STATUSES:
        raise Problem(400, "Too many statuses")
    rows = []
    for request_id, item in items:
        color = str(item.get("color") or "#99ccff")
        sort = item.get("sort") or 100
        status = Status(call.store.new_id("statuses"), item["name"], sort, color, pipeline.id)
        pipeline.statuses[status.id] = status
        rows.append({**_status(call, status), "request_id": request_id})
    call.store.touch("pipelines", pipeline.id)
    return {"_total_items": len(rows), "_embedded": {"statuses": rows}}


def patch_status(call: Call, pipeline_id: int, status_id: int) -> Json:
    """`PATCH /leads/pipelines/{id}/statuses/{id}`; of a system stage only the name."""
    pipeline, item, checks = _known(call, pipeline_id), call.item(), Checks()
    status = _known_status(pipeline, status_id)
    checks.integers(item, "sort")
    if "name" in item:
        checks.name(item)
    checks.finish()
    status.name = item.get("name") or status.name
    if status.is_editable:
        status.sort = item.get("sort") or status.sort
        status.color = str(item.get("color") or status.color)
    call.store.touch("pipelines", pipeline.id)
    return _status(call, status)


def delete_status(call: Call, pipeline_id: int, status_id: int) -> None:
    """`DELETE /leads/pipelines/{id}/statuses/{id}`: 422 while it holds leads, 400 for one that is not there."""
    pipeline = _known(call, pipeline_id)
    status = pipeline.statuses.get(status_id)
    if status is None:
        raise Problem(400, "Status not found")
    place = (pipeline_id, status_id)
    if not status.is_editable or any((lead.pipeline_id, lead.status_id) == place for lead in call.store.leads.values()):
        raise Problem(422, "Status cannot be deleted")
    del pipeline.statuses[status_id]
    call.store.touch("pipelines", pipeline.id)


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


def delete_loss_reason(call: Call, reason_id: int) -> None:
    """`DELETE /leads/loss_reasons/{id}`; leads lost for it keep no reason."""
    get_loss_reason(call, reason_id)
    del call.store.loss_reasons[reason_id]
    call.store.touch("loss_reasons", reason_id)
    for lead in call.store.leads.values():
        if lead.loss_reason_id == reason_id:
            lead.loss_reason_id = None
            call.store.save(lead)


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


def _known_status(pipeline: Pipeline, status_id: int) -> Status:
    status = pipeline.statuses.get(status_id)
    if status is None:
        raise missing("Status not found")
    return status


def _pipeline(call: Call, row: Pipeline) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "sort": row.sort,
        "is_main": row.is_main,
        "is_unsorted_on": row.is_unsorted_on,
        "is_archive": False,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"leads/pipelines/{row.id}"),
        "_embedded": {"statuses": [_status(call, status) for status in row.ordered()]},
    }


def _status(call: Call, row: Status) -> Json:
    extra: Json = {"descriptions": []} if "descriptions" in call.with_() else {}
    return {
        "id": row.id,
        "name": row.name,
        "sort": row.sort,
        "is_editable": row.is_editable,
        "pipeline_id": row.pipeline_id,
        "color": row.color,
        "type": row.type,
        "account_id": call.store.seed.account_id,
        **extra,
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
