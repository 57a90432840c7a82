"""MANGO OFFICE: calls of a virtual exchange (VPBX API)."""

from connectors.mango.channel import MangoChannel
from connectors.mango.settings import MangoSettings

__all__ = ["MangoChannel", "MangoSettings"]
