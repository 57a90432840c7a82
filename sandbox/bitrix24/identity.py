"""The portal's duplicate index: who holds which phone or e-mail, in normalised form."""

from __future__ import annotations

from sandbox.bitrix24.errors import Json

EXTENSION_MARKS = (",", ";", "#")
LONG = 10
FOREIGN_EIGHTS = ("80", "81", "82")
DIALLING_OUT = ("00", "011", "0")


def normal_phone(raw: str) -> str:
    """Digits without the extension; of 10 and more a leading 8 becomes 7 (not 80, 81, 82), 00, 011 or 0 goes."""
    for mark in EXTENSION_MARKS:
        raw = raw.partition(mark)[0]
    digits = "".join(char for char in raw if char.isascii() and char.isdigit())
    if len(digits) < LONG:
        return digits
    if digits.startswith("8") and not digits.startswith(FOREIGN_EIGHTS):
        return f"7{digits[1:]}"
    for prefix in DIALLING_OUT:
        if digits.startswith(prefix):
            return digits[len(prefix) :]
    return digits


def normal(kind: str, raw: str) -> str:
    """The comparable form of a PHONE or EMAIL; empty where there is nothing to compare."""
    return normal_phone(raw) if kind == "PHONE" else raw.strip().lower()


def identities(row: Json) -> list[tuple[str, str]]:
    """Every (kind, comparable value) of a card."""
    rows = [one for one in row.get("FM", ()) if one["TYPE_ID"] in ("PHONE", "EMAIL")]
    found = [(one["TYPE_ID"], normal(one["TYPE_ID"], one["VALUE"])) for one in rows]
    return [one for one in found if one[1]]
