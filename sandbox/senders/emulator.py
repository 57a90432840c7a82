"""The services on one port: a page with their buttons, the same over HTTP, and the APIs that we call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from flask import Response, jsonify, request

from sandbox.base import Emulator
from sandbox.pages import page
from sandbox.senders.catalogue import SERVICES
from sandbox.senders.service import Client, Service, utc_now
from sandbox.senders.sites import Post

PAGE_WORDS = {"Оплаты": "Счета и их оплата", "Сайт и почта": "Открыть таблицу"}
CLIENT = {"name": "Имя", "phone": "Телефон", "email": "Почта", "text": "Сообщение"}


class Senders(Emulator):
    """Plays those who send to us. `smtp` gives host and port of the mail server; `on_reset` is called by a reset.

    `services` are by name; `point` tells the buttons of one where the receiver at hand is, and with which keys.
    """

    room = Path(__file__).parent

    def __init__(
        self,
        smtp: Callable[[], tuple[str, int]] | None = None,
        on_reset: Callable[[], None] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__("senders")
        made: list[Service] = [*(kind(now) for kind in SERVICES), Post(smtp, now)]
        self.services: dict[str, Service] = {one.name: one for one in made}
        self.api_prefixes = tuple(one.prefix for one in made if one.prefix)
        self._given = {one.name: {**dict.fromkeys(one.fields, ""), **one.defaults} for one in made}
        self._on_reset = on_reset
        for one in made:
            one.mount(self.app)
        self.app.add_url_rule("/", "page_of_senders", self._page)
        self.app.add_url_rule("/_sandbox/services", "services", self._list)
        self.app.add_url_rule("/_sandbox/send/<service>/<button>", "press", self._send, methods=["POST"])

    def point(self, service: str, **given: str) -> None:
        """What the buttons of a service have from now on, instead of its defaults."""
        self._given[service] |= given
        self.services[service].point(given)

    def reset(self) -> None:
        for one in self.services.values():
            one.reset()
        if self._on_reset:
            self._on_reset()

    def details(self) -> dict[str, Any]:
        return {"services": {one.name: told for one in self.services.values() if (told := one.stats())}}

    def _page(self) -> Response:
        shown = self._services()
        groups: dict[str, list[dict[str, Any]]] = {}
        for one in shown["services"]:
            groups.setdefault(one["group"], []).append(one)
        return page(
            "senders.html", {"client": shown["client"], "groups": list(groups.items()), "page_words": PAGE_WORDS}
        )

    def _list(self) -> Response:
        return jsonify(self._services())

    def _services(self) -> dict[str, Any]:
        """What the page shows: the client's fields, and every service with its buttons and what is given to them."""
        client = [{"name": name, "label": label, "value": getattr(Client(), name)} for name, label in CLIENT.items()]
        return {"client": client, "services": [self._shown(one) for one in self.services.values()]}

    def _shown(self, one: Service) -> dict[str, Any]:
        given = self._given[one.name]
        return {
            "name": one.name,
            "title": one.title,
            "group": one.group,
            "page": one.own_page,
            "buttons": [{"name": name, "label": label} for name, label in one.buttons.items()],
            "fields": [{"name": name, "label": label, "value": given[name]} for name, label in one.fields.items()],
        }

    def _send(self, service: str, button: str) -> tuple[Response, int]:
        """`POST /_sandbox/send/<service>/<button>` with what differs of `client` and `given`; tells the answers."""
        one = self.services.get(service)
        if one is None or button not in one.buttons:
            known = [f"{name}/{press}" for name, found in self.services.items() for press in found.buttons]
            return jsonify({"error": f"no such button; there are {', '.join(known)}"}), 404
        body = request.get_json(force=True)
        client, given = asdict(Client()) | body.get("client", {}), self._given[service] | body.get("given", {})
        if wrong := _unknown(body, {"client", "given"}, client, set(CLIENT), given, set(one.fields)):
            return jsonify({"error": f"unknown: {', '.join(wrong)}"}), 400
        try:
            answers = one.press(button, Client(**client), given)
        except (requests.RequestException, OSError) as error:
            return jsonify({"error": str(error)}), 502
        return jsonify({"answers": [{"status": a.status_code, "body": a.text[:500]} for a in answers]}), 200


def _unknown(*pairs: Mapping[str, Any] | set[str]) -> list[str]:
    """The names in each mapping that the set after it does not have."""
    found: list[str] = []
    for given, known in zip(pairs[::2], pairs[1::2], strict=True):
        found += sorted(set(given) - set(known))
    return found
