"""What is left of finished calls: transcriptions and statistics; and calls back by the portal's own telephony."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.bitrix24.api_telephony import known_call
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.lists import classic_list, simple_columns
from sandbox.bitrix24.params import rows, text
from sandbox.bitrix24.registry import Methods

methods = Methods("telephony")
COLUMNS = simple_columns(
    {
        "ID": "integer",
        "PORTAL_USER_ID": "integer",
        "PORTAL_NUMBER": "string",
        "PHONE_NUMBER": "string",
        "CALL_ID": "string",
        "EXTERNAL_CALL_ID": "string",
        "CALL_DURATION": "integer",
        "CALL_START_DATE": "datetime",
        "CALL_FAILED_CODE": "string",
        "CRM_ENTITY_TYPE": "string",
        "CRM_ENTITY_ID": "integer",
        "CRM_ACTIVITY_ID": "integer",
        "CALL_TYPE": "integer",
    }
)


@methods("telephony.call.attachTranscription")
def transcription(call: Call) -> Json:
    row = known_call(call)
    stat = call.store.get("stats", row["stat"] or 0)
    lines = [one for one in rows(call.any("MESSAGES")) if isinstance(one, dict) and text(one.get("MESSAGE"))]
    if stat is None or not lines:
        raise RestError("ERROR_CORE", "Call is not found" if stat is None else "Transcription messages are not set")
    number = call.store.new_id("transcripts")
    call.store.put(
        "transcripts", number, {"id": number, "lines": [[text(one.get("SIDE")), text(one["MESSAGE"])] for one in lines]}
    )
    stat["TRANSCRIPT_ID"] = number
    call.store.put("stats", stat["ID"], stat)
    return {"TRANSCRIPT_ID": number}


@methods("voximplant.statistic.get")
def statistic(call: Call) -> Page:
    """Finished calls; sorted by `SORT` and `ORDER` at the top level."""
    if call.text("SORT"):
        call.set("order", {call.text("SORT").upper(): call.text("ORDER") or "ASC"})
    return classic_list(call, call.store.table("stats").values(), COLUMNS, lambda row, _: _stat(call, row))


def _stat(call: Call, row: Json) -> Json:
    found: dict[str, Any] = {key: None if value is None else str(value) for key, value in row.items()}
    return {
        **found,
        "CALL_START_DATE": call.shown(row["CALL_START_DATE"]),
        "RECORD_FILE_ID": row["RECORD_FILE_ID"],
        "COST": f"{row['COST']:.4f}",
        "CALL_CATEGORY": "external",
        "CALL_LOG": None,
        "REST_APP_ID": "5",
        "REST_APP_NAME": "Middleware",
        "TRANSCRIPT_PENDING": "N",
        "SESSION_ID": None,
        "REDIAL_ATTEMPT": None,
        "COMMENT": None,
        "RECORD_DURATION": None,
    }


@methods("voximplant.callback.start")
def callback(call: Call) -> Json:
    for name in ("FROM_LINE", "TO_NUMBER"):
        if not call.text(name):
            raise RestError("ERROR_CORE", f"{name} is not set")
    return {"RESULT": True, "CALL_ID": f"callback.{secrets.token_hex(16)}.{call.now}"}
