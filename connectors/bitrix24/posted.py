"""What the portal posts to us, once it is known to be the portal."""

from __future__ import annotations

from typing import Any, Final

from connectors.bitrix24.client import mapping
from connectors.bitrix24.settings import BitrixSettings
from connectors.bodies import fields_of
from connectors.secrecy import same_secret, secret_in_url
from provodka.channel import Delivery, RefusedError

TALK_EVENT: Final = "ONIMCONNECTORMESSAGEADD"
"""One of the staff has written in an open line."""


def authentic_fields(delivery: Delivery, settings: BitrixSettings) -> dict[str, Any]:
    """What the portal has posted. Raises RefusedError where the secret or the application token is not ours."""
    secret, expected = settings.hook_secret, settings.application_token
    if secret is None or not secret_in_url(delivery, secret.get_secret_value()):
        raise RefusedError("the address does not hold the secret")
    fields = fields_of(delivery)
    token = str(mapping(fields.get("auth")).get("application_token", ""))
    if expected is not None and not same_secret(token, expected.get_secret_value()):
        raise RefusedError("the event does not carry the application token")
    return fields
