"""The leads of a batch of events, read in one call."""

from __future__ import annotations

from collections.abc import Sequence

from provodka.crm import Crm
from provodka.errors import ConnectorError
from provodka.event import Event
from provodka.payloads import LeadRef, lead_of


class LeadsTogether:
    """The own leads of a batch of events, read in one call when the first of them is asked for.

    What could not be read is not asked again for each of them.
    """

    def __init__(self, crm: Crm | None, events: Sequence[Event]) -> None:
        self._crm = crm
        self._ids = tuple(dict.fromkeys(lead.id for event in events if (lead := lead_of(event.payload)) is not None))
        self._read: dict[str, LeadRef] | None = None
        self._error: ConnectorError | None = None

    def get(self, id_: str) -> LeadRef | None:
        """The lead as it is now, or None when it is gone."""
        if self._error is not None:
            raise self._error
        if self._read is None:
            try:
                self._read = dict(self._crm.leads(self._ids)) if self._crm is not None else {}
            except ConnectorError as error:
                self._error = error
                raise
        return self._read.get(id_)
