"""All that a base publishes beside OData, and the exchange in which it is the client: what the emulator mounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from sandbox.onec import exchange_control, http_service, soap
from sandbox.onec.base import Base
from sandbox.onec.desk import Desk, Switches
from sandbox.onec.exchange_control import Exchanges


class Services:
    """HTTP services, SOAP and the exchange with a site over one base.

    `admit` is the publication's log-in: called before each call of a service, a Response of it is the answer.
    """

    def __init__(self, base: Base, admit: Callable[[], Response | None] = lambda: None) -> None:
        self.desk = Desk(base)
        self.exchanges = Exchanges(self.desk)
        self._admit = admit

    def mount(self, app: Flask) -> None:
        """Add the services, `/_sandbox/services` (switches) and `/_sandbox/exchange`."""
        for routes in (http_service.blueprint(self.desk), soap.blueprint(self.desk)):
            routes.before_request_funcs.setdefault(None, []).insert(0, self._admit)
            app.register_blueprint(routes)
        app.register_blueprint(exchange_control.blueprint(self.exchanges))
        control = Blueprint("onec_services", __name__, url_prefix="/_sandbox")
        control.add_url_rule("/services", view_func=lambda: jsonify(asdict(self.desk.switches)))
        control.add_url_rule("/services", "set_services", self._set, methods=["POST"])
        app.register_blueprint(control)

    def reset(self) -> None:
        """Called when the base went back to its seed: nothing is remembered, periodic exchanges end."""
        self.desk.reset()
        self.exchanges.reset()

    def stop(self) -> None:
        """End the periodic exchanges."""
        self.exchanges.reset()

    def _set(self) -> tuple[Response, int]:
        """`POST /_sandbox/services` with some of the switches as JSON."""
        given: Any = request.get_json(force=True)
        known = {one.name: type(one.default) for one in fields(Switches)}
        wrong = [name for name, value in given.items() if type(value) is not known.get(name)]
        if wrong:
            return jsonify({"error": f"no such switch, or a wrong value: {', '.join(wrong)}; {known}"}), 400
        for name, value in given.items():
            setattr(self.desk.switches, name, value)
        return jsonify(asdict(self.desk.switches)), 200
