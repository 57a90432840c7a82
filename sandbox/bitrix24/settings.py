"""Switches of the portal that a test turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from sandbox.bitrix24.store import Store

MODE_CLASSIC, MODE_SIMPLE = 1, 2


class Settings(BaseModel):
    """Body of `POST /_sandbox/settings`; a missing member returns to its default.

    `crm_mode` 1 keeps leads, 2 turns every new lead into a deal at once, null is the seed's. `telephony_by_webhook`
    lets an inbound webhook register and finish calls. `robot` has automation edit every new deal. `hops` is how
    often changes made with tokens out of events raise events again. `filter_offset` off reads the offset of a time
    in a `crm.item.list` filter as if it were not there. `app_installed` off keeps back all events of the app.
    `operating_keys` off leaves the operating time out of answers, as self-hosted portals do. `hide_converted` has
    `crm.lead.get` miss leads that were converted. `flat_comment_events` puts a comment's id right under `data`.
    `scope_status` is the HTTP status of wrong credentials and of missing scopes, which the vendor's sources differ on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    crm_mode: int | None = Field(default=None, ge=1, le=2)
    telephony_by_webhook: bool = False
    robot: bool = False
    hops: int = Field(default=3, ge=0)
    filter_offset: bool = True
    app_installed: bool = True
    scope_status: int = Field(default=401, ge=401, le=403)
    operating_keys: bool = True
    hide_converted: bool = False
    flat_comment_events: bool = False
    required: dict[str, list[str]] = {}
    """Fields a portal made obligatory, by the entity's word: `{"lead": ["SOURCE_ID"]}`."""


def crm_mode(store: Store, settings: Settings) -> int:
    """1 with leads, 2 without them, by the switch or else by the seed."""
    held = store.get("options", "crm_mode")
    return settings.crm_mode or int(held["value"] if held else MODE_CLASSIC)
