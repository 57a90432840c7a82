"""How the extension that publishes the services behaves."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ServiceSwitches(BaseModel):
    """What `POST /_sandbox/services` turns."""

    model_config = ConfigDict(extra="forbid")

    installed: bool = True
    """Off, an update of the platform has disabled the extension: its services answer 404."""
    bom: bool = False
    """JSON begins with a byte order mark."""
    internal_address: bool = False
    """The WSDL names a host that only the client's own network knows."""
    print_after: int = Field(default=0, ge=0)
    """So many asks for a printed form are told that it is not ready yet."""
    create_products: bool = False
    """Products that the base does not know are made; otherwise refused by name."""
