"""The HTTP service `crm` at `/base/hs/crm/v1`: what a 1C programmer publishes in an extension for a CRM."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from sandbox.onec import http_bodies as bodies
from sandbox.onec.desk import Desk
from sandbox.onec.door import page
from sandbox.onec.drafts import Clash, Made, Missing, Refused
from sandbox.onec.errors import OnecError

ROOT = "/base/hs/crm/v1"
MOST = 1000

Json = dict[str, Any]


def blueprint(desk: Desk) -> Blueprint:
    """The service's templates."""
    service = HttpService(desk)
    routes = Blueprint("onec_http", __name__, url_prefix=ROOT)
    templates: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        *(
            (method, f"/{what}/<external_id>{action}", handler)
            for method, action in (("PUT", ""), ("POST", "/put"))  # the second where a proxy blocks the first
            for what, handler in (
                ("invoices", service.put_invoice),
                ("orders", service.put_order),
                ("counterparties", service.put_counterparty),
            )
        ),
        ("GET", "/invoices/<external_id>", service.get_invoice),
        ("GET", "/orders/<external_id>", service.get_order),
        ("GET", "/counterparties/<external_id>", service.get_counterparty),
        ("GET", "/counterparties", service.find_counterparties),
        ("GET", "/documents/<ref>", service.get_document),
        ("POST", "/documents/<ref>/cancel", service.cancel_document),
        ("GET", "/documents/<ref>/print/pdf", service.print_document),
        ("GET", "/changes", service.changes),
        ("GET", "/ping", service.ping),
    )
    for method, template, handler in templates:
        name = f"{method} {template}".replace(".", "")
        routes.add_url_rule(template, name, handler, methods=[method], provide_automatic_options=False)
    routes.before_request(service.before)
    routes.register_error_handler(Refused, service.refused)
    routes.register_error_handler(OnecError, service.broken)
    return routes


class HttpService:
    """The handlers, one a template."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def before(self) -> Response | None:
        if not self._desk.switches.installed:
            return page(404, "Not Found", "HTTP-сервис не найден")
        return None

    def refused(self, error: Refused) -> Response:
        status = 404 if isinstance(error, Missing) else 409 if isinstance(error, Clash) else 422
        told = {"code": error.code, "message": error.message}
        return self._json({"error": {**told, "field": error.field} if error.field else told}, status)

    def broken(self, error: OnecError) -> Response:
        """An exception that the handler let through: 1C answers with its text and the place in the module."""
        return Response(f"{{HTTPСервис.crm.Модуль(57)}}: {error}", 500, content_type="text/plain; charset=utf-8")

    def put_invoice(self, external_id: str) -> Response:
        body = bodies.read(bodies.InvoiceBody, _body(external_id))
        made = self._desk.invoice(body.draft())
        told = self._made(made)
        if made.told.order_ref:
            told["order_ref"] = made.told.order_ref
        told["counterparty"] = {"ref": made.counterparty.ref, "created": made.counterparty.created}
        url = f"{ROOT}/documents/{made.told.paper.ref}/print/pdf"
        told["print_forms"] = [{"name": "СчетНаОплату", "url": url}]
        told["version"] = made.told.paper.version
        return self._json(told, 201 if made.created else 200)

    def put_order(self, external_id: str) -> Response:
        made = self._desk.order(bodies.read(bodies.OrderBody, _body(external_id)).draft())
        told = {**self._made(made), "invoice_ref": made.told.invoice_ref, "version": made.told.paper.version}
        return self._json(told, 201 if made.created else 200)

    def put_counterparty(self, external_id: str) -> Response:
        made = self._desk.counterparty(bodies.read(bodies.CounterpartyBody, _body(external_id)).draft(external_id))
        status = "created" if made.created else "existing"
        return self._json({"status": status, **bodies.counterparty(made)}, 201 if made.created else 200)

    def get_invoice(self, external_id: str) -> Response:
        return self._json(bodies.details(self._desk.document(external_id, "invoice")))

    def get_order(self, external_id: str) -> Response:
        return self._json(bodies.details(self._desk.document(external_id, "order")))

    def get_counterparty(self, external_id: str) -> Response:
        return self._json(bodies.counterparty(self._desk.known_counterparty(external_id)))

    def find_counterparties(self) -> Response:
        inn, kpp, name = (request.args.get(key, "") for key in ("inn", "kpp", "name"))
        if not inn and not name:
            raise Refused("validation", "Укажите ИНН или наименование", "inn")
        found = self._desk.find_counterparties(inn, kpp, name)
        return self._json({"items": [bodies.counterparty(one) for one in found]})

    def get_document(self, ref: str) -> Response:
        return self._json(bodies.details(self._desk.paper(ref)))

    def cancel_document(self, ref: str) -> Response:
        return self._json(bodies.details(self._desk.cancel(ref)))

    def print_document(self, ref: str) -> Response:
        name, content = self._desk.printed(ref)
        answer = Response(content, mimetype="application/pdf")
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
        return answer

    def changes(self) -> Response:
        found = self._desk.changes(request.args.get("cursor", ""), _limit(request.args.get("limit", "100")))
        tell = bodies.whole if request.args.get("details") == "1" else bodies.change
        items = [tell(one) for one in found.items]
        return self._json({"cursor": found.cursor, "has_more": found.has_more, "items": items})

    def ping(self) -> Response:
        return self._json(self._desk.about())

    def _made(self, made: Made) -> Json:
        paper = made.told.paper
        return {
            "status": "created" if made.created else "existing",
            "ref": paper.ref,
            "number": paper.number,
            "print_number": paper.printed,
            "date": paper.date.isoformat(),
            "posted": paper.posted,
            "total": bodies.money(paper.sum),
            "vat": bodies.money(made.told.vat),
        }

    def _json(self, told: Json, status: int = 200) -> Response:
        text = json.dumps(told, ensure_ascii=False, indent=1)
        start = "\ufeff" if self._desk.switches.bom else ""
        return Response((start + text).encode(), status, content_type="application/json; charset=utf-8")


def _body(external_id: str) -> Json:
    try:
        body = json.loads(request.get_data().decode("utf-8-sig"))
    except ValueError:
        raise OnecError("Непредвиденный символ при чтении JSON") from None
    if not isinstance(body, dict):
        raise Refused("validation", "Ожидается объект JSON")
    if body.setdefault("external_id", external_id) != external_id:
        raise Refused("validation", f"В адресе указан {external_id}, а в теле {body['external_id']}", "external_id")
    return body


def _limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST:
        raise Refused("validation", f"limit: ожидается число от 1 до {MOST}", "limit")
    return int(text)
