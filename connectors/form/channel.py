"""The receiver of forms from any site."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from connectors.bodies import fields_of
from connectors.form.settings import FormSettings, SignatureSettings
from connectors.form.xml import is_xml, xml_fields
from connectors.secrecy import same_secret, secret_in_url, without_secret
from connectors.shapes import plain_fields
from connectors.submissions import OK, Submissions
from connectors.visit import form_submitted
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, UnreadableError
from provodka.own_pages import NO_MARKS, LeadMarks


class FormChannel:
    """Makes `form.submitted` of a JSON, XML, form-encoded or multipart body; Elementor's and Contact Form 7's, too."""

    def __init__(self, name: str, settings: FormSettings, marks: LeadMarks = NO_MARKS) -> None:
        self.name = name
        self._settings = settings
        secrets = [settings.secret.get_secret_value()] if settings.secret else []
        self._make = Submissions(name, settings, secrets, marks)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One event; its key is the mapped `id`, else the body's hash within a window.

        A GET without any field, as a browser or a monitor makes it, is answered and leaves nothing behind.
        """
        self._authenticate(delivery)
        fields = self._fields(delivery)
        if not fields and delivery.method != "POST":
            return Received(reply=OK)
        if not fields:
            raise UnreadableError("the form is empty")
        form = form_submitted(plain_fields(fields), mapping=self._settings.map, defaults=self._settings.defaults)
        return self._make.received(delivery, fields, form, parts)

    def _authenticate(self, delivery: Delivery) -> None:
        secret, signature = self._settings.secret, self._settings.hmac
        if secret is not None and not secret_in_url(delivery, secret.get_secret_value()):
            raise RefusedError("the secret in the address is wrong or absent")
        if signature is not None and not _is_signed(delivery, signature):
            raise RefusedError(f"the signature in {signature.header} is wrong or absent")

    def _fields(self, delivery: Delivery) -> dict[str, Any]:
        fields = xml_fields(delivery) if is_xml(delivery) else fields_of(delivery)
        secret = self._settings.secret
        return fields if secret is None else without_secret(fields, secret.get_secret_value())


def _is_signed(delivery: Delivery, signature: SignatureSettings) -> bool:
    """Whether the header holds the HMAC of the body as it was sent. An empty body proves nothing about the query."""
    key = signature.key.get_secret_value().encode()
    digest = hmac.new(key, delivery.body, signature.algorithm).digest()
    given = delivery.headers.get(signature.header.lower(), "").strip()
    if signature.encoding == "hex":
        right = same_secret(given.lower(), f"{signature.prefix}{digest.hex()}".lower())
    else:
        right = same_secret(given, f"{signature.prefix}{base64.b64encode(digest).decode()}")
    return right and bool(delivery.body)


def receiver(name: str, settings: FormSettings, around: Around) -> FormChannel:
    """The receiver of the channel `name`."""
    return FormChannel(name, settings, LeadMarks(around.key))
