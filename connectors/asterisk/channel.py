"""The parts of an Asterisk: the watcher, the dialler and the recordings."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from connectors.asterisk.cdr import Records
from connectors.asterisk.dialler import AsteriskDialler
from connectors.asterisk.settings import AsteriskSettings
from connectors.asterisk.watch import AsteriskWatcher
from connectors.calls.book import CallBook
from connectors.calls.conversation import Conversation
from connectors.calls.recordings import LinkedRecordings, Shelf
from provodka.channel import Around


def watcher(name: str, settings: AsteriskSettings, around: Around) -> AsteriskWatcher:
    """The watcher of the channel `name`."""

    def shown(recording: str, talk: Conversation) -> str:
        """The address of a recording's file; nothing where the settings name none."""
        began = next((one.started_at or one.at for one in talk.notices if one.started_at or one.at), None)
        if not settings.recording or began is None:
            return ""
        local = began.astimezone(around.zone)
        return settings.recording.format(
            file=quote(recording),
            year=f"{local:%Y}",
            month=f"{local:%m}",
            day=f"{local:%d}",
            uniqueid=quote(talk.key),
        )

    records = Records(settings.cdr, around.zone) if settings.cdr else None
    return AsteriskWatcher(CallBook(name, settings, shown), settings, records, around.now)


def dialler(name: str, settings: AsteriskSettings, around: Around) -> AsteriskDialler | None:
    """What makes calls; None where the settings say nothing of `originate`."""
    del around
    return AsteriskDialler(name, settings, settings.originate) if settings.originate else None


def recordings(name: str, settings: AsteriskSettings, around: Around) -> LinkedRecordings | None:
    """What fetches recordings; None where their address is not known. The exchange's web server may be internal."""
    host = urlsplit(settings.recording).hostname if settings.recording else None
    return LinkedRecordings(name, Shelf.of(settings, around, (host,))) if host else None
