"""The client's staff as rules see them, and the payload of the events about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Who:
    """A member of the staff: their key in the config, and the name by which the CRM calls them.

    Who is not `active` is no user of the CRM any more.
    """

    key: str
    name: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class StaffChecked:
    """`staff.checked`: the clock's rule of this name looks at one of the staff."""

    who: Who
    rule: str = ""
