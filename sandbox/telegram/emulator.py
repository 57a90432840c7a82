"""The Bot API on one port, and beside it the people who talk to the bot: from Python, over HTTP, or on a page."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Response, jsonify, request

from sandbox.base import Emulator
from sandbox.pages import page
from sandbox.telegram.chats import Chats
from sandbox.telegram.delivery import Courier
from sandbox.telegram.errors import ApiError
from sandbox.telegram.methods import Methods
from sandbox.telegram.people import People
from sandbox.telegram.updates import Updates

TOKEN = "1:sandbox"  # noqa: S105  # the sandbox's published token

Json = dict[str, Any]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Telegram(People, Emulator):
    """Bot API emulator for token `1:sandbox`. python-telegram-bot works with `base_url=telegram.base_url`.

    Every chat exists unless `strict(True)`; `door` closes one. Ids of messages and updates are never used again, not
    after a reset nor a restart.
    """

    api_prefixes = ("/bot", "/file/bot")
    room = Path(__file__).parent

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        Emulator.__init__(self, "telegram")
        chats, updates = Chats(now), Updates(now)
        methods = Methods(chats, updates)
        People.__init__(self, chats, updates, methods, now)
        self.token = TOKEN  # another one, and the old one is revoked, as @BotFather does it
        self._courier = Courier(self._updates, self._call_from_reply, lambda: int(now().timestamp()))
        self._add_routes()

    @property
    def base_url(self) -> str:
        """What python-telegram-bot's builder takes as `base_url`; the token is appended to it."""
        return f"{self.url}/bot"

    def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._updates.close(False)
        super().start(host, port)
        self._courier.start()

    def stop(self) -> None:
        self._updates.close()
        super().stop()
        self._courier.stop()

    def reset(self) -> None:
        with self._updates.changed:
            self._chats.clear()
            self._updates.clear()
            self._methods.queries.clear()
            self._methods.media.clear()
            self._methods.connections.clear()

    def objects(self) -> dict[str, int]:
        with self._updates.changed:
            chats = self._chats.all()
            messages = sum(len(chat.messages) for chat in chats)
            queue = {"pending_updates": len(self._updates.pending), "waiting_polls": self._updates.waiting_polls}
            return {"chats": len(chats), "messages": messages, **queue}

    def doubles(self) -> Json:
        """The same text sent to the same chat more than once."""
        sent = Counter(
            (message["chat"]["id"], message.get("text") or message.get("caption", "")) for message in self.messages()
        )
        twice = [{"chat_id": chat, "text": text, "times": n} for (chat, text), n in sent.items() if n > 1]
        return {"messages": twice}

    def route(self) -> str:
        return str((request.view_args or {}).get("method", "file"))

    def messages(self, chat_id: int | None = None, *, of_people: bool = False) -> list[Json]:
        """The bot's messages in the order they were sent, as the API answered them; with `of_people` everybody's."""
        with self._updates.changed:
            chats = [chat for chat in self._chats.all() if chat_id in (None, chat.id)]
            found = [dict(message) for chat in chats for message in chat.messages.values()]
        wanted = [message for message in found if of_people or message["from"]["is_bot"]]
        return sorted(wanted, key=lambda message: int(message["message_id"]))

    @property
    def webhook_secret(self) -> str:
        """What the bot has given for its webhook; empty where there is none."""
        with self._updates.changed:
            return (self._updates.webhook.secret or "") if self._updates.webhook else ""

    def wait_for_failure(self, seconds: float = 10.0) -> None:
        """Until a delivery to the webhook has failed; TimeoutError where none does."""
        with self._updates.changed:
            if not self._updates.changed.wait_for(lambda: self._failed, seconds):
                raise TimeoutError("no delivery failed")

    @property
    def _failed(self) -> bool:
        return self._updates.webhook is not None and self._updates.webhook.last_error is not None

    def migrate(self, chat_id: int, to_chat_id: int) -> None:
        """A group becomes a supergroup: sending to the old id answers 400 with migrate_to_chat_id."""
        with self._updates.changed:
            self._chats.chat(chat_id).moved_to = to_chat_id

    def jump_update_ids(self, by: int) -> None:
        """The next update_id leaves a gap."""
        self._updates.jump(by)

    def strict(self, on: bool = True) -> None:
        """With strict on, only chats whose person has written exist; others answer 400 chat not found."""
        self._chats.strict = on

    def limit(self, *, on: bool = True, per_second: float = 1.0, burst: int = 20) -> None:
        """Speed limits per chat (429 above); on by default."""
        limits = self._chats.limits
        limits.on, limits.per_second, limits.burst = on, per_second, burst

    def _call_from_reply(self, method: str, parameters: Json) -> None:
        try:
            self._methods.call(method, parameters)
        except ApiError as refusal:
            self.app.logger.warning("the method in a webhook reply was refused: %s", refusal)

    def _add_routes(self) -> None:
        rule = self.app.add_url_rule
        rule("/bot<token>/<method>", view_func=self._api, methods=["GET", "POST"])
        rule("/file/bot<token>/<path:path>", view_func=self._file)
        rule("/", view_func=self._page)
        rule("/_sandbox/messages", view_func=self._list_messages)
        rule("/_sandbox/chats", view_func=self._list_chats)
        rule("/_sandbox/do/<act>", view_func=self._act, methods=["POST"])

    def _api(self, token: str, method: str) -> tuple[Response, int]:
        try:
            if token != self.token:
                raise ApiError(401, "Unauthorized")
            return jsonify(self._methods.call(method, _parameters())), 200
        except ApiError as refusal:
            return jsonify(refusal.as_json()), refusal.code

    def _file(self, token: str, path: str) -> Response | tuple[Response, int]:
        content = self._methods.media.at(path) if token == self.token else None
        if content is None:
            return jsonify(ApiError(404, "Not Found").as_json()), 404
        return Response(content, mimetype="application/octet-stream")

    def _page(self) -> Response:
        return page("chats.html", {})

    def _list_messages(self) -> Response:
        chat_id = request.args.get("chat_id", type=int)
        return jsonify(self.messages(chat_id, of_people=request.args.get("all") is not None))

    def _list_chats(self) -> Response:
        with self._updates.changed:
            chats = self._chats.all()
            return jsonify(
                [{**chat.as_json(), "door": chat.door, "messages": [*chat.messages.values()]} for chat in chats]
            )

    def _act(self, act: str) -> tuple[Response, int]:
        """`POST /_sandbox/do/say` and so on: what people do, with the arguments as JSON and files in base64."""
        acts = self.acts()
        if act not in acts:
            return jsonify({"error": f"no such act; there are {', '.join(acts)}"}), 404
        try:
            given = request.get_json(force=True)
            if "content" in given:
                given["content"] = base64.b64decode(given["content"])
            return jsonify({"update_id": acts[act](**given)}), 200
        except (TypeError, ValueError, KeyError) as error:
            return jsonify({"error": str(error)}), 400


def _parameters() -> Json:
    """The call's parameters wherever they are: query, form, multipart or JSON."""
    given: Json = {**request.args, **request.form}
    if request.is_json:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise ApiError(400, "Bad Request: can't parse JSON object")
        given.update(body)
    given.update({name: (file.filename or name, file.read()) for name, file in request.files.items()})
    return given
