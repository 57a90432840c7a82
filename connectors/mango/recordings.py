"""Recordings of MANGO OFFICE as files: asked for by their id, fetched by an address that works once."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

from connectors.addresses import own_host
from connectors.calls.recordings import NOT_YET, Shelf
from connectors.mango.client import FILES, PENALTY, Vpbx
from connectors.mango.settings import MangoSettings
from connectors.mango.signature import recording_id
from provodka.channel import Around
from provodka.errors import Rejected
from provodka.payloads import Attachment, Call

_MOVED: Final = 302
_NOT_FOUND: Final = "33"


class MangoRecordings:
    """`provodka.calls.Recordings`. It needs no access by link, which MANGO has off by default."""

    def __init__(self, name: str, settings: MangoSettings, api: Vpbx, shelf: Shelf) -> None:
        self.name = name
        self._settings = settings
        self._api = api
        self._shelf = shelf

    def fetch_recording(self, call: Call) -> Attachment:
        """By the id in the call's link; where `recording_url` is a place of the client's own, by that address."""
        if not call.recording:
            raise Rejected("the call has no recording", hint="У этого звонка нет записи")
        number = recording_id(call.recording, self._settings)
        if not number:
            return self._shelf.fetch(call.recording, call)
        try:
            reply = self._api.ask(
                "/queries/recording/post",
                {"recording_id": number, "action": "download"},
                accept=(_MOVED, *NOT_YET),
            )
        except Rejected as error:
            if not error.code.startswith(_NOT_FOUND):
                raise
            raise self._shelf.missing(call, error.reason, PENALTY) from error
        if reply.status in NOT_YET:
            raise self._shelf.missing(call, f"HTTP {reply.status}")
        place = reply.headers.get("location", "")
        if reply.status == _MOVED and place:
            return self._shelf.fetch(urljoin(f"{self._settings.api_url}/", place), call)
        return self._shelf.keep(reply.body, call, reply.headers.get("content-type", ""))

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._api.close()


def recordings(name: str, settings: MangoSettings, around: Around) -> MangoRecordings:
    """The recordings of the channel `name`."""
    shelf = Shelf.of(settings, around, own_host(settings.api_url))
    return MangoRecordings(name, settings, Vpbx(settings, around.store, FILES), shelf)
