"""Workflows, robots, triggers, traces of advertising, and documents made from templates."""

from __future__ import annotations

import re
import secrets
from typing import Any

from sandbox.bitrix24.api_events import is_address
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError, plain
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import BY_WORD, DEAL, TYPES

methods = Methods("crm")
DOCUMENTS = {
    "CCrmDocumentLead": "LEAD",
    "CCrmDocumentDeal": "DEAL",
    "CCrmDocumentContact": "CONTACT",
    "CCrmDocumentCompany": "COMPANY",
}
TEMPLATES = {49: ("Проверка сделки", "CCrmDocumentDeal"), 51: ("Проверка лида", "CCrmDocumentLead")}
PAPERS = {39: "Счёт", 40: "Коммерческое предложение"}


def _admin(call: Call) -> None:
    if not call.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)


@methods("bizproc.workflow.template.list", scope="bizproc")
def templates(call: Call) -> Page:
    _admin(call)
    found = [
        {"ID": str(number), "NAME": name, "MODULE_ID": "crm", "ENTITY": entity}
        for number, (name, entity) in TEMPLATES.items()
    ]
    return call.paged(found)


@methods("bizproc.workflow.start", scope="bizproc")
def workflow_start(call: Call) -> str:
    """Start a workflow of the portal on a card; gives its id."""
    _admin(call)
    if not call.whole("template_id"):
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")
    if call.whole("template_id") not in TEMPLATES:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Template not found")
    parts = [text(one) for one in rows(call.any("document_id"))]
    if len(parts) != 3 or parts[1] not in DOCUMENTS:
        raise plain("Incorrect document id!")
    if parts[1] != TEMPLATES[call.whole("template_id")][1]:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Template is for other documents")
    kind = BY_WORD[DOCUMENTS[parts[1]].lower()]
    if call.store.get(kind.table, whole(parts[2].rpartition("_")[2])) is None:
        raise plain("Document not found!")
    workflow_id = f"{call.now:x}000000.{secrets.randbelow(10**8):08d}"
    call.store.put("workflows", workflow_id, {"template": call.whole("template_id"), "document": parts})
    return workflow_id


@methods("bizproc.robot.add", app="context", scope="bizproc")
def robot_add(call: Call) -> bool:
    _admin(call)
    code = call.text("code")
    if not re.fullmatch(r"[A-Za-z0-9.\-_]+", code):
        raise RestError("ERROR_ACTIVITY_VALIDATION_FAILURE", "Wrong activity code!" if code else "Empty activity code!")
    if not is_address(call.text("handler")):
        raise RestError("ERROR_ACTIVITY_VALIDATION_FAILURE", "Empty activity handler!")
    if call.store.get("robots", code) is not None:
        raise RestError("ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
    call.store.put("robots", code, {"code": code, "handler": call.text("handler")})
    return True


@methods("bizproc.robot.list", app="context", scope="bizproc")
def robot_list(call: Call) -> list[str]:
    return list(call.store.table("robots"))


@methods("bizproc.robot.delete", app="context", scope="bizproc")
def robot_delete(call: Call) -> bool:
    if call.store.get("robots", call.text("code")) is None:
        raise RestError("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    call.store.drop("robots", call.text("code"))
    return True


@methods("bizproc.event.send", scope="bizproc")
def robot_reply(call: Call) -> bool:
    """The answer of an application's robot to its call."""
    token = call.text("event_token")
    if token.count("|") != 2:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Wrong event token")
    call.store.put("replies", token, {"values": call.map("return_values"), "log": call.text("log_message")})
    return True


@methods("crm.automation.trigger.add", app="context")
def trigger_add(call: Call) -> bool:
    """A trigger of the application; a known code is renamed."""
    _admin(call)
    code, name = call.text("code"), call.text("name")
    if not re.fullmatch(r"[a-z0-9.\-_]+", code):
        raise plain("Empty trigger code!" if not code else "Wrong trigger code!")
    if not name:
        raise plain("Empty trigger name!")
    call.store.put("triggers", code, {"NAME": name, "CODE": code})
    return True


@methods("crm.automation.trigger.list", app="context")
def trigger_list(call: Call) -> list[Json]:
    return list(call.store.table("triggers").values())


@methods("crm.automation.trigger.delete", app="context")
def trigger_delete(call: Call) -> bool:
    if call.store.get("triggers", call.text("code")) is None:
        raise plain("Trigger not found!")
    call.store.drop("triggers", call.text("code"))
    return True


@methods("crm.automation.trigger.execute", app="context")
def trigger_execute(call: Call) -> bool:
    """True even where no stage waits for the trigger."""
    kind = TYPES.get(call.whole("owner_type_id"))
    if kind is None or not kind.stage:
        raise plain("Incorrect parameter OWNER_TYPE_ID.")
    if call.store.get("triggers", call.text("code")) is None:
        raise plain("Trigger not found!")
    if call.store.get(kind.table, call.whole("owner_id")) is None:
        raise plain("Incorrect parameter OWNER_ID.")
    return True


@methods("crm.automation.trigger")
def webhook_trigger(call: Call) -> bool:
    """A trigger made by hand in the portal; `target` is `DEAL_57`."""
    word, _, number = call.text("target").rpartition("_")
    if not word:
        raise plain("Target is not set.")
    kind = BY_WORD.get(word.lower())
    if kind is None or call.store.get(kind.table, whole(number)) is None:
        raise plain("Target is not found.")
    return True


@methods("crm.tracking.trace.add")
def trace_add(call: Call) -> int:
    """A visitor's trace for cards made by `crm.item.add`."""
    if not call.text("trace"):
        raise RestError("ERROR_CORE", "Parameter `TRACE` required.")
    entities = []
    for one in rows(call.any("entities")):
        kind = BY_WORD.get(text(one.get("TYPE")).lower()) if isinstance(one, dict) else None
        if kind is None or call.store.get(kind.table, whole(one.get("ID"))) is None:
            raise RestError("ERROR_CORE", "Entity not found.")
        entities.append([kind.id, whole(one["ID"])])
    number = call.store.new_id("traces")
    call.store.put("traces", number, {"id": number, "trace": call.text("trace"), "entities": entities})
    return number


@methods("crm.tracking.trace.delete")
def trace_delete(call: Call) -> None:
    call.store.drop("traces", call.whole("id"))


@methods("crm.documentgenerator.template.list")
def paper_templates(call: Call) -> Page:
    """A map by number, not a list."""
    del call
    shown = {
        str(number): {"id": str(number), "name": name, "region": "ru", "entityTypeId": [f"{DEAL}_category_0"]}
        for number, name in PAPERS.items()
    }
    return Page({"templates": shown}, len(shown))


@methods("crm.documentgenerator.document.add")
def paper_add(call: Call) -> Json:
    template, number = whole(call.exact("templateId")), whole(call.exact("entityId"))
    kind = TYPES.get(whole(call.exact("entityTypeId")))
    if kind is None:
        raise RestError("0", "No provider for entityTypeId")
    if template not in PAPERS or call.store.get(kind.table, number) is None:
        raise RestError("DOCGEN_ACCESS_ERROR", "Access denied")
    values = call.params.get("values")
    values = values if isinstance(values, dict) else {}
    paper_id = call.store.new_id("papers")
    title = text(values.get("DocumentNumber")) or str(paper_id)
    row: Json = {
        "id": paper_id,
        "title": f"{PAPERS[template]} {title}",
        "number": title,
        "createTime": call.now,
        "createdBy": call.user_id,
        "values": {"_creationMethod": "rest", "stampsEnabled": bool(whole(call.params.get("stampsEnabled"))), **values},
        "templateId": str(template),
        "entityId": str(number),
        "entityTypeId": str(kind.id),
        "publicUrl": None,
    }
    call.store.put("papers", paper_id, row)
    return {"document": _paper(call, row)}


def _paper(call: Call, row: Json, *, ready: bool = False) -> Json:
    address = f"{call.base}/bitrix/services/main/ajax.php?action=crm.documentgenerator.document"
    found: dict[str, Any] = {
        **row,
        "createTime": call.shown(row["createTime"]),
        "updateTime": call.shown(row["createTime"]),
        "updatedBy": None,
        "stampsEnabled": row["values"]["stampsEnabled"],
        "isTransformationError": False,
        "emailDiskFile": 5544 + row["id"],
        "downloadUrl": f"{address}.download&id={row['id']}",
        "downloadUrlMachine": f"{address}.download&id={row['id']}",
        "pdfUrl": f"{address}.getPdf&id={row['id']}",
        "imageUrl": f"{address}.getImage&id={row['id']}",
    }
    if ready:
        found |= {"id": str(row["id"]), "createdBy": str(row["createdBy"])}
        found |= {"pdfUrlMachine": found["pdfUrl"], "imageUrlMachine": found["imageUrl"]}
    return found


CONVERSION = 35


@methods("crm.documentgenerator.document.get")
def paper_get(call: Call) -> Json:
    """PDF and picture are ready some 35 seconds after the document."""
    row = call.store.get("papers", whole(call.exact("id")))
    if row is None:
        raise RestError("DOCGEN_ACCESS_ERROR", "Access denied")
    return {"document": _paper(call, row, ready=call.now - row["createTime"] >= CONVERSION)}


@methods("crm.documentgenerator.document.enablepublicurl")
def paper_link(call: Call) -> Json:
    row = call.store.get("papers", whole(call.exact("id")))
    if row is None:
        raise RestError("DOCGEN_ACCESS_ERROR", "Access denied")
    row["publicUrl"] = f"{call.base}/~{secrets.token_hex(3)}" if whole(call.params.get("status")) else None
    call.store.put("papers", row["id"], row)
    return {"publicUrl": row["publicUrl"]}
