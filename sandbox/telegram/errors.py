"""The refusals of the Bot API, in the words Telegram uses."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer with `ok: false`. The code is also the HTTP status."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        return {**body, "parameters": self.parameters} if self.parameters else body


def bad_request(what: str) -> ApiError:
    return ApiError(400, f"Bad Request: {what}")
