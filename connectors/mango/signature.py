"""MANGO's signature, and its links to recordings, which are signed with the same salt."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from string import Formatter
from urllib.parse import quote, unquote

from connectors.bodies import form_pairs, plain_body
from connectors.calls.book import Shown
from connectors.calls.conversation import Conversation
from connectors.mango.settings import MangoSettings
from connectors.secrecy import same_secret
from provodka.channel import Delivery, RefusedError, UnreadableError


def sign(api_key: str, text: bytes, salt: str) -> str:
    """Lower-case hex of SHA-256 over key, text and salt in a row."""
    return sha256(api_key.encode() + text + salt.encode()).hexdigest()


def signed_json(delivery: Delivery, settings: MangoSettings) -> bytes:
    """The field `json`, byte for byte as it was signed. Raises RefusedError unless key and signature are right."""
    try:
        fields = dict(form_pairs(plain_body(delivery)))
    except UnreadableError as error:
        raise RefusedError("the body holds no signed form") from error
    api_key, text = settings.api_key.get_secret_value(), fields.get(b"json", b"")
    key_is_right = same_secret(fields.get(b"vpbx_api_key", b""), api_key)
    sign_is_right = same_secret(fields.get(b"sign", b""), sign(api_key, text, settings.salt.get_secret_value()))
    if not key_is_right:
        raise RefusedError("vpbx_api_key is wrong or absent")
    if not sign_is_right:
        raise RefusedError("sign is wrong or absent")
    return text


def recording_url(recording_id: str, entry_id: str, added_at: datetime, settings: MangoSettings) -> str:
    """The address of a recording, as `settings.recording_url` draws it.

    MANGO documents `/queries/recording/link/{id}/play/{key}/{timestamp}/{sign}`: the timestamp is the moment until
    which the link works, and sign is SHA-256 of key, timestamp, id and salt. So the vendor's link shows the API key,
    which alone opens nothing, and never the salt; whoever has the link can listen until it ends. The moment is
    counted from the time the recording was added and not from now, so that the same notice gives the same link.
    """
    api_key, salt = settings.api_key.get_secret_value(), settings.salt.get_secret_value()
    expires = str(int((added_at + timedelta(days=settings.recording_days)).timestamp()))
    return settings.recording_url.format(
        api_url=settings.api_url,
        recording_id=quote(recording_id, safe=""),  # ids look like base64, with "/" and "="
        entry_id=quote(entry_id, safe=""),
        api_key=api_key,
        expires=expires,
        sign=sign(api_key, f"{expires}{recording_id}".encode(), salt),
    )


def shown(settings: MangoSettings, now: Callable[[], datetime]) -> Shown:
    """How the recordings of these settings are shown: by their links."""

    def link(recording_id: str, talk: Conversation) -> str:
        told = (one.at for one in talk.notices if one.recording == recording_id and one.at is not None)
        return recording_url(recording_id, talk.key, next(told, now()), settings)

    return link


def recording_id(url: str, settings: MangoSettings) -> str:
    """The id of the recording that the link is of; empty where `settings.recording_url` does not hold it."""
    pattern = ""
    for literal, name, _, _ in Formatter().parse(settings.recording_url):
        pattern += re.escape(literal)
        if name == "api_url":
            pattern += re.escape(settings.api_url)
        elif name is not None:
            pattern += r"([^/?&#]*)" if name == "recording_id" else r"[^/?&#]*"
    found = re.fullmatch(pattern, url)
    return unquote(found[1]) if found and found.groups() else ""
