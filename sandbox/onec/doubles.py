"""What a careful client stores once: counterparties by ИНН and КПП, documents by the mark in their comment."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from sandbox.onec.base import Base

_MARK = re.compile(r"\b[a-z][\w.-]*:[\w:.-]+")


def count_doubles(base: Base) -> dict[str, Any]:
    """Lists of `Ref_Key` under what they have in common; those marked for deletion are not counted."""
    parties: dict[str, list[str]] = defaultdict(list)
    papers: dict[str, list[str]] = defaultdict(list)
    with base.lock:
        for record in base.find(base.configuration.roles.counterparty):
            if record["ИНН"] and not record.get("IsFolder"):
                parties[f"{record['ИНН']}/{record['КПП']}"].append(record["Ref_Key"])
        for role in base.configuration.documents.values():
            for record in base.find(role.set):
                if marks := " ".join(_MARK.findall(record["Комментарий"])):
                    papers[f"{role.kind} {marks}"].append(record["Ref_Key"])
    return {
        "counterparties": {key: refs for key, refs in parties.items() if len(refs) > 1},
        "documents": {key: refs for key, refs in papers.items() if len(refs) > 1},
    }
