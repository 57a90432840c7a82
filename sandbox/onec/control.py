"""`/_sandbox/...` of the 1C emulator: acts of the accountant, the documents in neutral words, switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, jsonify, request
from pydantic import ValidationError

from sandbox.onec.acts import MODELS, paper_json
from sandbox.onec.errors import NotFoundError, OnecError

if TYPE_CHECKING:
    from sandbox.onec.app import OneC


class Control:
    """The control routes of one emulator; a body that does not fit is answered 400, what 1C refuses 409."""

    def __init__(self, onec: OneC) -> None:
        self.onec = onec

    def act(self) -> tuple[Response, int]:
        """`POST /_sandbox/acts {"act": "pay", "document": "<ref or number>", …}`."""
        body = request.get_json(force=True)
        model = MODELS.get(body.get("act", "")) if isinstance(body, dict) else None
        if model is None:
            return jsonify({"error": f"act must be one of {', '.join(MODELS)}"}), 400
        try:
            return jsonify(model.model_validate(body).play(self.onec.base.accountant)), 200
        except ValidationError as error:
            return jsonify({"error": str(error)}), 400
        except NotFoundError as error:
            return jsonify({"error": str(error)}), 404
        except OnecError as error:
            return jsonify({"error": str(error)}), 409

    def documents(self) -> Response:
        """`GET /_sandbox/documents?kind=invoice`: all documents, or those of a kind, the oldest first."""
        return jsonify([paper_json(paper) for paper in self.onec.base.papers.all(request.args.get("kind"))])

    def counterparties(self) -> Response:
        """`GET /_sandbox/counterparties`: who the documents may be with, folders left out."""
        base = self.onec.base
        records = [one for one in base.all(base.configuration.roles.counterparty) if not one.get("IsFolder")]
        names = ("Ref_Key", "Code", "Description", "ИНН", "КПП", "DeletionMark", "Комментарий")
        words = ("ref", "code", "name", "inn", "kpp", "deleted", "comment")
        return jsonify([dict(zip(words, (one[name] for name in names), strict=True)) for one in records])

    def switches(self) -> tuple[Response, int]:
        """`POST /_sandbox/switches {…}` changes the named ones; `GET` shows all."""
        if request.method == "POST":
            try:
                self.onec.turn(**request.get_json(force=True))
            except ValidationError as error:
                return jsonify({"error": str(error)}), 400
        return jsonify(self.onec.switches.model_dump()), 200

    def configuration(self) -> tuple[Response, int]:
        """`POST /_sandbox/configuration {"name": "ut"}`: a new base of that configuration."""
        try:
            self.onec.use(str(request.get_json(force=True).get("name")))
        except ValueError as error:
            return jsonify({"error": str(error)}), 400
        return jsonify({"name": self.onec.base.configuration.name}), 200

    def users(self) -> Response:
        """`POST /_sandbox/users {"name": "Обмен CRM", "password": ""}` adds a user of the base."""
        body = request.get_json(force=True)
        self.onec.door.users[str(body["name"])] = str(body.get("password", ""))
        return jsonify({"name": body["name"]})


def add_control_routes(onec: OneC) -> Control:
    """Register the routes on the emulator's app."""
    control = Control(onec)
    for path, view, methods in (
        ("acts", control.act, ["POST"]),
        ("documents", control.documents, ["GET"]),
        ("counterparties", control.counterparties, ["GET"]),
        ("switches", control.switches, ["GET", "POST"]),
        ("configuration", control.configuration, ["POST"]),
        ("users", control.users, ["POST"]),
    ):
        onec.app.add_url_rule(f"/_sandbox/{path}", f"control_{path}", view, methods=methods)
    return control
