"""Names of CRM fields in both families: `DATE_CREATE` of `crm.lead.*` is `createdTime` of `crm.item.*`."""

from __future__ import annotations

import re

SPECIAL = {
    "CREATED_BY_ID": "createdBy",
    "MODIFY_BY_ID": "updatedBy",
    "DATE_CREATE": "createdTime",
    "DATE_MODIFY": "updatedTime",
    "MOVED_BY_ID": "movedBy",
    "STATUS_ID": "stageId",
    "STATUS_SEMANTIC_ID": "stageSemanticId",
    "COMPANY_TYPE": "typeId",
}
PARENT = re.compile(r"PARENT_ID_(\d+)")
USER_FIELD = re.compile(r"UF_CRM_(?:(\d+)_)?(.+)")


def camel(name: str) -> str:
    """The universal family's name of a classic name."""
    if name in SPECIAL:
        return SPECIAL[name]
    if parent := PARENT.fullmatch(name):
        return f"parentId{parent[1]}"
    if user_field := USER_FIELD.fullmatch(name):
        return _user_field(user_field[1] or "", user_field[2])
    return _joined(name.split("_"))


def _user_field(number: str, tail: str) -> str:
    """`UF_CRM_10_51867` > `ufCrm10_51867`, `UF_CRM_10_DIGIT` > `ufCrm10Digit`, mixed tails stay as they are."""
    if tail.isdigit():
        return f"ufCrm{number}_{tail}"
    if any(char.isdigit() for char in tail):
        return f"ufCrm_{number}_{tail}" if number else f"ufCrm_{tail}"
    return f"ufCrm{number}{''.join(part.capitalize() for part in tail.split('_'))}"


def _joined(parts: list[str]) -> str:
    return parts[0].lower() + "".join(part.capitalize() for part in parts[1:])
