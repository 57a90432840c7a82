"""The senders on one port: a page with buttons, the same over HTTP, and MANGO's store of recordings."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.resources import files

import requests
from flask import Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.base import Emulator
from sandbox.senders.forms import form_post, tilda_lead, tilda_probe
from sandbox.senders.letters import letter, send_letter
from sandbox.senders.mango import MangoSender
from sandbox.senders.recordings import Recordings

LINE = "74950003344"


class Order(BaseModel):
    """What a button sends: who writes or calls, and where to with which keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "Мария"
    phone: str = "+7 (916) 000-11-22"
    email: str = "maria@example.ru"
    text: str = "Нужен замер в субботу"
    tilda_url: str = "http://127.0.0.1:8080/hooks/site"
    tilda_key: str = ""
    form_url: str = "http://127.0.0.1:8080/hooks/form"
    form_secret: str = "sandbox"  # noqa: S105  # the sandbox's published secret
    mango_url: str = "http://127.0.0.1:8080/hooks/phone"
    mango_key: str = "sandbox"
    mango_salt: str = "sandbox"
    extension: str = "101"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Senders(Emulator):
    """Plays those who send to us. `smtp` gives host and port of the mail server; `on_reset` is called by a reset.

    `order` is what the page shows at first; set it to the addresses and keys of the receiver at hand.
    """

    api_prefixes = ("/vpbx",)

    def __init__(
        self,
        smtp: Callable[[], tuple[str, int]] | None = None,
        on_reset: Callable[[], None] | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__("senders")
        self.recordings = Recordings(now)
        self.order = Order()
        self._smtp, self._on_reset, self._now = smtp, on_reset, now
        self._buttons: Mapping[str, Callable[[Order], list[requests.Response]]] = {
            "tilda_probe": self._tilda_probe,
            "tilda": self._tilda,
            "form": self._form,
            "call": self._call,
            "missed": self._missed,
            "letter": self._letter,
        }
        self.recordings.mount(self.app)
        self.app.add_url_rule("/", view_func=self._page)
        self.app.add_url_rule("/_sandbox/defaults", view_func=lambda: jsonify(self.order.model_dump()))
        self.app.add_url_rule("/_sandbox/send/<what>", view_func=self._send, methods=["POST"])

    def reset(self) -> None:
        self.recordings.clear()
        if self._on_reset:
            self._on_reset()

    def _page(self) -> Response:
        return Response((files("sandbox.senders") / "page.html").read_text("utf-8"), mimetype="text/html")

    def _send(self, what: str) -> tuple[Response, int]:
        """`POST /_sandbox/send/<button>` with what differs from `order` as JSON; tells what the receiver answered."""
        if what not in self._buttons:
            return jsonify({"error": f"no such button; there are {', '.join(self._buttons)}"}), 404
        try:
            given = Order.model_validate({**self.order.model_dump(), **request.get_json(force=True)})
            answers = self._buttons[what](given)
        except (ValidationError, TypeError) as error:
            return jsonify({"error": str(error)}), 400
        except (requests.RequestException, OSError) as error:
            return jsonify({"error": str(error)}), 502
        return jsonify({"answers": [{"status": one.status_code, "body": one.text[:500]} for one in answers]}), 200

    def _tilda_probe(self, order: Order) -> list[requests.Response]:
        return [tilda_probe(order.tilda_url)]

    def _tilda(self, order: Order) -> list[requests.Response]:
        utm = {"utm_source": "yandex", "utm_medium": "cpc", "utm_campaign": "brand"}
        return [
            tilda_lead(
                order.tilda_url,
                name=order.name,
                phone=order.phone,
                email=order.email,
                comments=order.text,
                utm=utm,
                api_key=("X-Api-Key", order.tilda_key) if order.tilda_key else None,
            )
        ]

    def _form(self, order: Order) -> list[requests.Response]:
        who = {"name": order.name, "phone": order.phone, "email": order.email, "message": order.text}
        page = "https://example.ru/?utm_source=yandex&utm_medium=cpc"
        body = {"form": "callback", **who, "page": page, "consent": True, "id": f"f-{secrets.token_hex(6)}"}
        return [form_post(order.form_url, body, secret=order.form_secret or None)]

    def _call(self, order: Order) -> list[requests.Response]:
        return self._mango(order).call(_digits(order.phone), LINE, order.extension or None, started=self._now())

    def _missed(self, order: Order) -> list[requests.Response]:
        rang = (order.extension,) if order.extension else ()
        return self._mango(order).missed(_digits(order.phone), LINE, rang, started=self._now())

    def _letter(self, order: Order) -> list[requests.Response]:
        if self._smtp is None:
            raise OSError("no mail server beside these senders")
        host, port = self._smtp()
        raw = letter(from_=f"{order.name} <{order.email}>", subject="Заявка", text=f"{order.text}\n{order.phone}\n")
        send_letter(host, port, raw, from_=order.email)
        return []

    def _mango(self, order: Order) -> MangoSender:
        return MangoSender(order.mango_url, order.mango_key, order.mango_salt)


def _digits(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdigit())
