"""Every service that the sandbox plays: one line each. The page shows them in this order."""

from __future__ import annotations

from sandbox.senders.mango_service import Mango
from sandbox.senders.service import Service
from sandbox.senders.sites import SiteForm, TildaSite

SERVICES: tuple[type[Service], ...] = (TildaSite, SiteForm, Mango)
