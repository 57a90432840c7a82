"""Every method of the portal, by its name in lower case."""

from __future__ import annotations

from sandbox.bitrix24 import (
    api_activities,
    api_automation,
    api_call_log,
    api_channels,
    api_classic,
    api_disk,
    api_duplicates,
    api_events,
    api_im,
    api_items,
    api_links,
    api_payments,
    api_requisites,
    api_rows,
    api_status,
    api_system,
    api_tasks,
    api_telephony,
    api_timeline,
    api_userfields,
    api_users,
)
from sandbox.bitrix24.registry import Method

MODULES = (
    api_activities,
    api_automation,
    api_call_log,
    api_channels,
    api_classic,
    api_disk,
    api_duplicates,
    api_events,
    api_im,
    api_items,
    api_links,
    api_payments,
    api_requisites,
    api_rows,
    api_status,
    api_system,
    api_tasks,
    api_telephony,
    api_timeline,
    api_userfields,
    api_users,
)
METHODS: dict[str, Method] = {row.name.lower(): row for module in MODULES for row in module.methods.rows}
