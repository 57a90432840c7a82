"""All that a base publishes beside OData, and the exchange in which it is the client: what the emulator mounts."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, jsonify, request
from pydantic import ValidationError

from sandbox.onec import exchange_control, http_service, soap
from sandbox.onec.base import Base
from sandbox.onec.desk import Desk, never
from sandbox.onec.exchange_control import Exchanges
from sandbox.onec.service_switches import ServiceSwitches


class Services:
    """HTTP services, SOAP and the exchange with a site over one base, behind the emulator's own door.

    `take` asks the emulator whether one of its counted switches hits a writing call.
    """

    def __init__(self, base: Base, take: Callable[[str], bool] = never) -> None:
        self.desk = Desk(base, take)
        self.exchanges = Exchanges(self.desk)

    def mount(self, app: Flask) -> None:
        """Add the services, `/_sandbox/services` (their switches) and `/_sandbox/exchange`."""
        app.register_blueprint(http_service.blueprint(self.desk))
        app.register_blueprint(soap.blueprint(self.desk))
        app.register_blueprint(exchange_control.blueprint(self.exchanges))
        app.add_url_rule("/_sandbox/services", "control_services", self._switches, methods=["GET", "POST"])

    def reset(self) -> None:
        """For a base that went back to its seed: nothing is remembered, periodic exchanges end."""
        self.desk.reset()
        self.exchanges.reset()

    def stop(self) -> None:
        """End the periodic exchanges."""
        self.exchanges.reset()

    def _switches(self) -> tuple[Response, int]:
        """`POST /_sandbox/services {…}` changes the named switches, `GET` shows all."""
        if request.method == "POST":
            try:
                told = {**self.desk.switches.model_dump(), **request.get_json(force=True)}
                self.desk.switches = ServiceSwitches.model_validate(told)
            except (ValidationError, TypeError) as error:
                return jsonify({"error": str(error)}), 400
        return jsonify(self.desk.switches.model_dump()), 200
