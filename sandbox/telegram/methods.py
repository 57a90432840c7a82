"""The methods of the Bot API that the sandbox knows, each from call parameters to the `result` of the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram.chats import BOT, Chats
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.media import Media
from sandbox.telegram.updates import Updates, Webhook

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
LONGEST_CALLBACK_DATA = 64

Json = dict[str, Any]


class Methods:
    """One bot. Parameters come as strings (form, query) or typed (JSON); both are taken."""

    def __init__(self, chats: Chats, updates: Updates) -> None:
        self._chats = chats
        self._updates = updates
        self.queries: dict[str, bool] = {}
        self.media = Media()
        self.connections: set[str] = set()
        self._known: dict[str, Callable[[Json], tuple[object, str | None]]] = {
            name.lower(): method
            for name, method in {
                "getMe": self._get_me,
                "sendMessage": self._send_message,
                "sendPhoto": self._send_photo,
                "sendDocument": self._send_document,
                "editMessageText": self._edit_message_text,
                "answerCallbackQuery": self._answer_callback_query,
                "getUpdates": self._get_updates,
                "setWebhook": self._set_webhook,
                "deleteWebhook": self._delete_webhook,
                "getWebhookInfo": self._get_webhook_info,
                "getChat": self._get_chat,
                "getFile": self._get_file,
            }.items()
        }

    def call(self, name: str, parameters: Json) -> Json:
        """The whole answer of a call that went well; raises ApiError otherwise. Method names ignore case."""
        method = self._known.get(name.lower())
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        result, description = method(parameters)
        answer: Json = {"ok": True, "result": result}
        return {**answer, "description": description} if description else answer

    def _get_me(self, _: Json) -> tuple[object, None]:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False}, None

    def _send_message(self, given: Json) -> tuple[object, None]:
        with self._updates.changed:
            chat = self._chats.find(given.get("chat_id"))
            extra = {**_markup(given), **self._connection(given)}
            if answered := _reply_to(given):
                if answered not in chat.messages:
                    raise bad_request("message to be replied not found")
                extra["reply_to_message"] = chat.messages[answered]
            text = str(given.get("text") or "")
            return self._chats.send(chat, text, given.get("parse_mode"), extra), None

    def _send_photo(self, given: Json) -> tuple[object, None]:
        with self._updates.changed:
            chat = self._chats.find(given.get("chat_id"))
            _, content = self.media.uploaded(given, "photo")
            photo = self.media.photo(content)
            return self._chats.send_file(
                chat, {"photo": photo, **self._connection(given)}, str(given.get("caption") or "")
            ), None

    def _send_document(self, given: Json) -> tuple[object, None]:
        with self._updates.changed:
            chat = self._chats.find(given.get("chat_id"))
            document = self.media.document(*self.media.uploaded(given, "document"))
            return self._chats.send_file(
                chat, {"document": document, **self._connection(given)}, str(given.get("caption") or "")
            ), None

    def _connection(self, given: Json) -> Json:
        """Through whose business account a message goes."""
        connection = str(given.get("business_connection_id") or "")
        if connection and connection not in self.connections:
            raise bad_request("BUSINESS_CONNECTION_INVALID")
        return {"business_connection_id": connection} if connection else {}

    def _edit_message_text(self, given: Json) -> tuple[object, None]:
        with self._updates.changed:
            chat = self._chats.find(given.get("chat_id"))
            message_id = _whole(given, "message_id", 0)
            text = str(given.get("text") or "")
            return self._chats.edit(chat, message_id, text, given.get("parse_mode"), _markup(given)), None

    def _answer_callback_query(self, given: Json) -> tuple[object, None]:
        with self._updates.changed:
            query = str(given.get("callback_query_id"))
            if self.queries.get(query) is not False:
                raise bad_request("query is too old and response timeout expired or query ID is invalid")
            self.queries[query] = True
        return True, None

    def _get_updates(self, given: Json) -> tuple[object, None]:
        self._allow(given)
        offset, limit = _whole(given, "offset", 0), _whole(given, "limit", 100)
        return self._updates.poll(offset, limit, float(_whole(given, "timeout", 0))), None

    def _set_webhook(self, given: Json) -> tuple[object, str]:
        url = str(given.get("url") or "")
        if not url:
            return self._delete_webhook(given)
        if not _may_be_called(url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        secret = given.get("secret_token")
        if secret is not None and not SECRET.fullmatch(str(secret)):
            raise bad_request("secret token contains unallowed characters")
        self._allow(given)
        with self._updates.changed:
            self._drop(given)
            old, new = self._updates.webhook, Webhook(url, secret, _whole(given, "max_connections", 40))
            same = old is not None and (old.url, old.secret) == (new.url, new.secret)
            self._updates.webhook = new
            self._updates.changed.notify_all()
        return True, "Webhook is already set" if same else "Webhook was set"

    def _delete_webhook(self, given: Json) -> tuple[object, str]:
        with self._updates.changed:
            self._drop(given)
            was, self._updates.webhook = self._updates.webhook, None
            self._updates.changed.notify_all()
        return True, "Webhook was deleted" if was else "Webhook is already deleted"

    def _get_webhook_info(self, _: Json) -> tuple[object, None]:
        with self._updates.changed:
            webhook = self._updates.webhook or Webhook("")
            info = {
                "url": webhook.url,
                "has_custom_certificate": False,
                "pending_update_count": len(self._updates.pending),
                "max_connections": webhook.max_connections if webhook.url else None,
                "last_error_date": webhook.last_error_at,
                "last_error_message": webhook.last_error,
                "allowed_updates": self._updates.allowed or None,
            }
        return _without_nothing(info), None

    def _get_chat(self, given: Json) -> tuple[object, None]:
        with self._updates.changed:
            chat = self._chats.find(given.get("chat_id")).as_json()
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, False)}
        return {**chat, **full}, None

    def _get_file(self, given: Json) -> tuple[object, None]:
        return self.media.told(str(given.get("file_id"))), None

    def _allow(self, given: Json) -> None:
        if "allowed_updates" in given:
            self._updates.allowed = [str(kind) for kind in _parsed(given["allowed_updates"], [])]

    def _drop(self, given: Json) -> None:
        if _parsed(given.get("drop_pending_updates"), False):
            self._updates.pending.clear()


def _parsed(value: object, default: Any) -> Any:  # noqa: ANN401  # whatever JSON the caller sent
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value.lower() if value in ("True", "False") else value)
    except ValueError as error:
        raise bad_request("can't parse JSON object in the parameters") from error


def _whole(given: Json, name: str, default: int) -> int:
    value = given.get(name)
    if value is None or value == "":
        return default
    try:
        return int(float(value))
    except (TypeError, ValueError) as error:
        raise bad_request(f'parameter "{name}" must be a number') from error


def _markup(given: Json) -> Json:
    markup = _parsed(given.get("reply_markup"), None)
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            if len(str(button.get("callback_data", "")).encode()) > LONGEST_CALLBACK_DATA:
                raise bad_request("BUTTON_DATA_INVALID")
    return {"reply_markup": markup} if markup and "inline_keyboard" in markup else {}


def _reply_to(given: Json) -> int:
    chosen = _parsed(given.get("reply_parameters"), {}).get("message_id") or given.get("reply_to_message_id")
    return int(chosen or 0)


def _without_nothing(given: Json) -> Json:
    return {key: value for key, value in given.items() if value is not None}


def _may_be_called(url: str) -> bool:
    """Telegram wants https; the sandbox also calls plain http, but on loopback only."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    host = parts.hostname or ""
    try:
        return parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
