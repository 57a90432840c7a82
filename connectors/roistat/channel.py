"""The receiver of Roistat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from connectors.calls.mapped import CallMap, CallWords, Mapped
from connectors.calls.notice import CallNotice
from connectors.calls.receiving import SecretReceiver
from connectors.calls.tracking import tracking_book
from connectors.roistat.settings import RoistatSettings
from provodka.channel import Around
from provodka.payloads import Utm

FIELDS: Final = CallMap(
    call=("id",),
    phone=("caller",),
    line=("callee",),
    started=("date",),
    talk=("duration", "length"),
    outcome=("status",),
    recording=("link", "file_url"),
    tag=("marker",),
    page=("landing_page",),
    visit=("visit_id",),
)


class _Reader(Mapped):
    """A call whose visit has no marks of its own has the marker, Roistat's name of the advert, for its source."""

    def read(self, sent: Mapping[str, Any], now: datetime) -> CallNotice:
        notice = super().read(sent, now)
        marker = notice.tags[0] if notice.tags else ""
        if marker and notice.utm == Utm(clicks=notice.utm.clicks):
            return replace(notice, utm=replace(notice.utm, source=marker))
        return notice


def receiver(name: str, settings: RoistatSettings, around: Around) -> SecretReceiver:
    """The receiver of the channel `name`."""
    reader = _Reader(FIELDS, CallWords(), around.zone, visit_name="roistat_visit")
    return SecretReceiver(tracking_book(name, settings), settings.secret.get_secret_value(), reader.read)
