"""Meta: notices of leads of an advert's form, messages and comments of Instagram, and the API behind them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from flask import Flask, Response, jsonify, request

from sandbox.senders.graph import PICTURE, TOKEN, check_address, envelope, expired, has_token, post_signed, refuse
from sandbox.senders.http import Signing
from sandbox.senders.service import Answers, Client, Service, utc_now

PAGE: Final = "153120000000001"
FORM: Final = "555550000000001"
INSTAGRAM: Final = "178414000000001"
APP: Final = "900000000000001"
PERSON: Final = "998870000000001"
INVENTED: Final = "444444444444"
SECRET: Final = "sandbox"  # noqa: S105  # the sandbox's published key


class Meta(Service):
    """`readable`: whether the app may read leads; without that notices come and the answers are refused."""

    name = "meta"
    title = "Meta: заявки и Instagram"
    group = "Формы"
    prefix = "/meta"
    buttons: ClassVar[Mapping[str, str]] = {
        "check": "Проверка адреса",
        "lead": "Заявка с формы",
        "silent_lead": "Заявка без уведомления",
        "trial": "Проба со страницы Meta",
        "message": "Сообщение в Instagram",
        "picture": "Картинка в Instagram",
        "comment": "Комментарий в Instagram",
        "answer": "Ответ сотрудника в Instagram",
        "own_answer": "Эхо нашего сообщения",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "secret": "Секрет приложения",
        "verify_token": "Слово для проверки адреса",
        "host": "Адрес песочницы",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/meta",
        "secret": "sandbox",
        "verify_token": "sandbox",
        "host": "http://127.0.0.1:8907",
    }

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.signing = Signing.GOOD
        self.reset()

    def reset(self) -> None:
        self.leads: dict[str, dict[str, Any]] = {}
        self.readable = True
        self.sent: list[dict[str, Any]] = []
        self.closed: set[str] = set()
        self.subscribed: set[str] = set()
        self.callbacks: dict[str, str] = {}

    def stats(self) -> dict[str, Any]:
        return {"messages": len(self.sent), "leads": len(self.leads)}

    # what people do

    def check(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return [check_address(given["url"], given["verify_token"])]

    def lead(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._notice(given, PAGE, self._filled(client), FORM)

    def silent_lead(self, client: Client, given: Mapping[str, str]) -> Answers:
        del given
        self._filled(client)
        return []

    def trial(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The vendor's test page invents all ids."""
        del client
        return self._notice(given, INVENTED, INVENTED, INVENTED)

    def message(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._says(given, {"text": client.text})

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        address = f"{given['host']}/meta/files/picture.png"
        return self._says(given, {"attachments": [{"type": "image", "payload": {"url": address}}]})

    def comment(self, client: Client, given: Mapping[str, str]) -> Answers:
        value = {"id": f"178580{self._number()}", "text": client.text, "from": {"id": PERSON, "username": "masha_r"}}
        value["media"] = {"id": "17900000000000001", "media_product_type": "FEED"}
        return [
            post_signed(
                given["url"], envelope("instagram", INSTAGRAM, "comments", value), given["secret"], self.signing
            )
        ]

    def answer(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._says(given, {"text": "Добрый день, чем помочь?", "is_echo": True})

    def own_answer(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._says(given, {"text": "Добрый день!", "is_echo": True, "app_id": int(APP)})

    def _filled(self, client: Client) -> str:
        number = f"44444000{self._number()}"
        answers = {"full_name": client.name, "phone_number": client.phone, "email": client.email, "какой_этаж?": "5"}
        self.leads[number] = {
            "id": number,
            "created_time": self.now().strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "form_id": FORM,
            "ad_id": "238400000000002",
            "field_data": [{"name": name, "values": [said]} for name, said in answers.items()],
        }
        return number

    def _notice(self, given: Mapping[str, str], page: str, lead: str, form: str) -> Answers:
        value = {"leadgen_id": lead, "page_id": page, "form_id": form, "created_time": int(self.now().timestamp())}
        value |= {"ad_id": "238400000000002", "adgroup_id": "238400000000001"}
        return [post_signed(given["url"], envelope("page", page, "leadgen", value), given["secret"], self.signing)]

    def _says(self, given: Mapping[str, str], message: dict[str, Any]) -> Answers:
        sides = [{"id": PERSON}, {"id": INSTAGRAM}]
        sender, recipient = reversed(sides) if message.get("is_echo") else sides
        at = int(self.now().timestamp() * 1000)
        piece = {"sender": sender, "recipient": recipient, "timestamp": at}
        piece["message"] = {"mid": f"aWdfZAG1_{self._number()}", **message}
        body = {"object": "instagram", "entry": [{"time": at, "id": INSTAGRAM, "messaging": [piece]}]}
        return [post_signed(given["url"], body, given["secret"], self.signing)]

    def _number(self) -> str:
        return f"{secrets.randbelow(10**10):010d}"  # new after each start: a journal outlives the sandbox

    # the API

    def mount(self, app: Flask) -> None:
        app.add_url_rule("/meta/<v>/me/messages", view_func=self._send, methods=["POST"], endpoint="meta_send")
        app.add_url_rule("/meta/<v>/<page>/leadgen_forms", view_func=self._forms)
        app.add_url_rule("/meta/<v>/<form>/leads", view_func=self._leads)
        app.add_url_rule(
            "/meta/<v>/<page>/subscribed_apps", view_func=self._apps, methods=["GET", "POST"], endpoint="pa"
        )
        app.add_url_rule("/meta/<v>/<app_id>/subscriptions", view_func=self._callbacks, methods=["GET", "POST"])
        app.add_url_rule("/meta/<v>/<number>", view_func=self._about, endpoint="meta_about")
        app.add_url_rule("/meta/files/<v>/<name>", view_func=self._file, endpoint="meta_file_v")
        app.add_url_rule("/meta/files/<name>", view_func=lambda name: self._file("", name), endpoint="meta_file")

    def _about(self, v: str, number: str) -> Response:
        del v
        if not has_token(TOKEN):
            return expired()
        if number == PAGE:
            return jsonify({"id": PAGE, "name": "Кровля"})
        if number == PERSON:
            return jsonify({"id": PERSON, "name": "Мария", "username": "masha_r"})
        if not self.readable:
            return _no_rights()
        if number not in self.leads:
            return refuse(400, 100, f"Object with ID '{number}' does not exist", 33)
        return jsonify(self.leads[number])

    def _forms(self, v: str, page: str) -> Response:
        del v
        if not has_token(TOKEN):
            return expired()
        return jsonify({"data": [{"id": FORM, "name": "Расчёт крыши"}] if page == PAGE else []})

    def _leads(self, v: str, form: str) -> Response:
        """Newest first, page by page, as the filter asks."""
        del v
        if not has_token(TOKEN):
            return expired()
        if not self.readable:
            return _no_rights()
        since = max((one["value"] for one in json.loads(request.args.get("filtering", "[]"))), default=0)
        found = [one for one in reversed(self.leads.values()) if one["form_id"] == form and _seconds(one) > since]
        start, size = int(request.args.get("after", "0")), int(request.args.get("limit", "25"))
        answer: dict[str, Any] = {"data": found[start : start + size]}
        if start + size < len(found):
            answer["paging"] = {"cursors": {"after": str(start + size)}, "next": "…"}
        return jsonify(answer)

    def _apps(self, v: str, page: str) -> Response:
        del v, page
        if not has_token(TOKEN):
            return expired()
        if request.method == "POST":
            self.subscribed = set(request.get_json(force=True)["subscribed_fields"].split(","))
            return jsonify({"success": True})
        return jsonify({"data": [{"id": APP, "subscribed_fields": sorted(self.subscribed)}] if self.subscribed else []})

    def _callbacks(self, v: str, app_id: str) -> Response:
        del v
        if not has_token(f"{app_id}|{SECRET}"):
            return expired()
        if request.method == "POST":
            told = request.get_json(force=True)
            answer = check_address(told["callback_url"], told["verify_token"])
            if (answer.status_code, answer.text) != (200, "1158201444"):
                return refuse(400, 2200, "Callback verification failed")
            self.callbacks[told["object"]] = told["callback_url"]
            return jsonify({"success": True})
        return jsonify({"data": [{"object": what, "callback_url": url} for what, url in self.callbacks.items()]})

    def _send(self, v: str) -> Response:
        del v
        if not has_token(TOKEN):
            return expired()
        body = request.get_json(force=True)
        to = body["recipient"].get("id") or body["recipient"].get("comment_id")
        if to in self.closed:
            return refuse(400, 10, "This message is sent outside of allowed window.", 2534022)
        self.sent.append(body)
        return jsonify({"recipient_id": to, "message_id": f"aWdfZAG1_sent{self._number()}"})

    def _file(self, v: str, name: str) -> Response:
        del v, name
        return Response(PICTURE, mimetype="image/png")


def _seconds(lead: dict[str, Any]) -> float:
    return datetime.fromisoformat(lead["created_time"]).timestamp()


def _no_rights() -> Response:
    return refuse(403, 200, "Requires leads_retrieval permission to manage the object")
