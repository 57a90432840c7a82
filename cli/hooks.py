"""Where the CRM is to send its hints: `<server.public_url>/hooks/crm/<secret>`."""

from __future__ import annotations

from typing import Any, Final

CRM_CHANNEL: Final = "crm"  # the address of the CRM's own hooks: /hooks/crm/<secret>


def destination(crm: Any, public_url: str | None) -> str:  # noqa: ANN401 -- the settings of a CRM
    """The address with its secret; empty where the config lacks one of the two."""
    if crm is None or crm.hook_secret is None or not public_url:
        return ""
    return f"{public_url}/hooks/{CRM_CHANNEL}/{crm.hook_secret.get_secret_value()}"
