"""What a portal does by itself and can be asked to: its workflows, and the triggers of our own application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.bitrix24.client import PAGE, Client, id_of, rows_of

DOCUMENTS: Final = {"lead": "CCrmDocumentLead", "deal": "CCrmDocumentDeal"}


@dataclass(frozen=True, slots=True)
class Automaton:
    """A workflow by the number of its template, or a trigger by its code."""

    name: str
    template: str = ""
    trigger: str = ""


def read_automata(client: Client, path: str, *, triggers: bool) -> tuple[Automaton, ...]:
    """Those that can be started on a card of this kind. Only an administrator's webhook is told of workflows."""
    found: list[Automaton] = []
    start = 0
    while True:
        rows = rows_of(
            client.call("bizproc.workflow.template.list", {"select": ["ID", "NAME", "ENTITY"], "start": start})
        )
        found += [
            Automaton(str(row.get("NAME") or ""), template=id_of(row))
            for row in rows
            if row.get("ENTITY") in (None, "", DOCUMENTS[path])
        ]
        if len(rows) < PAGE:
            break
        start += PAGE
    if triggers:
        rows = rows_of(client.call("crm.automation.trigger.list"))
        found += [Automaton(str(row.get("NAME") or ""), trigger=str(row.get("CODE") or "")) for row in rows]
    return tuple(found)
