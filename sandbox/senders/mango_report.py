"""MANGO OFFICE's statistics: what happened in the calls, whether or not anybody was told of it."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.senders.mango_script import Json, Notice

Row = dict[str, str]


def rows_of(notices: Sequence[Notice]) -> list[Row]:
    """One row per employee who was rung, or one for a call that nobody was; the recordings are in the last of them."""
    legs: dict[str, list[Json]] = {}
    for notice in notices:
        if notice.path == "/events/call":
            legs.setdefault(notice.body["call_id"], []).append(notice.body)
    spoken = [leg for leg in legs.values() if leg[0]["location"] == "abonent"] or list(legs.values())
    rows = [_row(leg) for leg in spoken]
    files = dict.fromkeys(n.body["recording_id"] for n in notices if n.path == "/events/record/added")
    for row in rows[-1:]:
        row["records"] = f"[{','.join(files)}]"
    return rows


def report(rows: Sequence[Row], fields: Sequence[str]) -> str:
    """Lines without a head, separated by `;`, in the order of the fields that were asked for."""
    return "\n".join(";".join(row.get(name, "") for name in fields) for row in rows)


def _row(leg: Sequence[Json]) -> Row:
    first, last = leg[0], leg[-1]
    answer = next((one["timestamp"] for one in leg if one["call_state"] == "Connected"), "")
    side = {
        f"{name}_{what}": str(first[name].get(what, "")) for name in ("from", "to") for what in ("extension", "number")
    }
    return {
        "records": "[]",
        "start": str(first["timestamp"]),
        "finish": str(last["timestamp"]),
        "answer": str(answer),
        "disconnect_reason": str(last.get("disconnect_reason", "")),
        "line_number": str(first["to"].get("line_number", "")),
        "entry_id": str(first["entry_id"]),
        **side,
    }
