"""The 1C emulator: one information base with its OData interface, the accountant's desk and controls, on one port."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, request

from sandbox.base import Emulator, WsgiApp
from sandbox.onec.attached import Attached
from sandbox.onec.base import Base, server_time
from sandbox.onec.board import add_board_routes
from sandbox.onec.control import add_control_routes
from sandbox.onec.door import Door
from sandbox.onec.doubles import count_doubles
from sandbox.onec.odata.exchange import Nodes
from sandbox.onec.odata.service import ROOT, add_odata_routes
from sandbox.onec.services import Services
from sandbox.onec.state_file import StateFile
from sandbox.onec.switches import Switches

LOGIN = "sandbox"
PASSWORD = "sandbox"  # noqa: S105  # the sandbox's published password


class OneC(Emulator):
    """A base of one configuration at `/base`; `use` changes it, `turn` and `switches` its behaviour.

    With `state_path`, an sqlite file, it goes on from what an earlier run kept there, in its configuration too.

    Whatever is served below `/base/` passes the same door (login, sessions, maintenance) before its route.
    """

    api_prefixes = ("/base/",)
    room = Path(__file__).parent

    def __init__(
        self,
        configuration: str = "bp",
        state_path: Path | None = None,
        *,
        now: Callable[[], datetime] = server_time,
    ) -> None:
        super().__init__("onec")
        self.app.url_map.strict_slashes = False
        self._first_configuration = configuration
        self.switches = Switches()
        self.door = Door(self.switches, {LOGIN: PASSWORD})
        self.base = Base(configuration, now)
        self.attached = Attached(self.base, self.switches)
        self.base.when_posted = self.attached.posted
        self._state = StateFile(self.base, state_path) if state_path else None
        self.app.before_request(self._enter)
        self.app.after_request(self._leave)
        self.odata = add_odata_routes(self)
        add_board_routes(self, add_control_routes(self))
        self.services = Services(self.base, self.door.take)
        self.services.mount(self.app)

    @property
    def way_in(self) -> str:
        """Where the desk and the interface are, and how to enter, for printing."""
        return f"{self.url}  OData {self.url}{ROOT}  {LOGIN} / {PASSWORD}"

    def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.base.leave(left=False)
        if self._state:
            self._state.start()
        super().start(host, port)

    def stop(self) -> None:
        self.base.leave()
        self.services.stop()
        super().stop()
        if self._state:
            self._state.stop()

    def reset(self) -> None:
        self.services.reset()
        self.door.users = {LOGIN: PASSWORD}
        self.turn(**Switches().model_dump())
        self.use(self._first_configuration)

    def use(self, configuration: str) -> None:
        """A new base of that configuration; ValueError names the ones there are."""
        self.base.use(configuration)
        self.odata.nodes = Nodes()

    def turn(self, **values: Any) -> None:  # noqa: ANN401
        """Change some switches; pydantic's ValidationError if one is unknown or wrong, none is changed then."""
        checked = Switches.model_validate({**self.switches.model_dump(), **values})
        for name in values:
            setattr(self.switches, name, getattr(checked, name))

    def route(self) -> str:
        """The set and what is done to it, of a call to the interface; the route of anything else."""
        resource = str((request.view_args or {}).get("resource", ""))
        return re.sub(r"\([^()]*\)", "()", resource) or super().route()

    def objects(self) -> dict[str, int]:
        with self.base.lock:
            counts = Counter({"counterparty": len(self.base.all(self.base.configuration.roles.counterparty))})
            for role in self.base.configuration.documents.values():
                counts[role.kind] += len(self.base.all(role.set))
            return dict(counts)

    def doubles(self) -> dict[str, Any]:
        return count_doubles(self.base)

    def details(self) -> dict[str, Any]:
        return {"configuration": self.base.configuration.name, "revision": self.base.revision}

    def _around(self, inner: WsgiApp) -> WsgiApp:
        return self.door.around(super()._around(inner))

    def _enter(self) -> Response | None:
        return self.door.answer(request) if request.path.startswith(self.api_prefixes) else None

    def _leave(self, response: Response) -> Response:
        return self.door.leave(request, response) if request.path.startswith(self.api_prefixes) else response
