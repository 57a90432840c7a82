"""Error answers in the vendor's shapes. Raise one; the app turns it into `application/problem+json`."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from sandbox.amocrm.model import Json

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
DETAILS = {
    "NotSupportedChoice": "The value you selected is not a valid choice.",
    "FieldMissing": "This field is missing.",
    "NotBlank": "This value should not be blank.",
    "NotUnique": "This value is already used.",
    "TooMany": "This collection contains too many elements.",
    "InvalidDateTime": "This value is not a valid datetime.",
}
BANNED_PAGE = (
    "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center>"
    "<hr><center>nginx</center></body></html>"
)


class Problem(Exception):
    """An error answer; `extra` members come before the plain ones."""

    def __init__(self, status: int, detail: str, extra: Json | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.body: Json = {
            **(extra or {}),
            "title": TITLES.get(status, "Error"),
            "type": f"https://httpstatus.es/{status}",
            "status": status,
            "detail": detail,
        }


class Raw(Exception):
    """An error answer whose JSON body is not of the common shape."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def business(errors: dict[str, str]) -> Problem:
    """Shape 2 of the reference: texts by entity id."""
    return Problem(400, "Invalid request body", {"errors": errors})


def missing(detail: str) -> Problem:
    return Problem(404, detail)


class Checks:
    """Validation errors of a whole batch, by item. One bad item rejects the batch."""

    def __init__(self) -> None:
        self._by_request: dict[str, list[Json]] = {}
        self._request = "0"

    def item(self, request_id: str) -> None:
        """The errors that follow belong to this item."""
        self._request = request_id

    def fail(self, path: str, code: str, detail: str | None = None) -> None:
        text = detail or DETAILS.get(code, "This value is not valid.")
        self._by_request.setdefault(self._request, []).append({"code": code, "path": path, "detail": text})

    def wrong_type(self, path: str, wanted: str) -> None:
        self.fail(path, "InvalidType", f"This value should be of type {wanted}.")

    def choice(self, item: Json, key: str, known: Container[Any], *, required: bool = False) -> None:
        """`item[key]` must be one of the known words or numbers; an absent one fails only where required."""
        value = item.get(key)
        if value is None:
            if required:
                self.fail(key, "FieldMissing")
        elif not isinstance(value, str | int) or value not in known:
            self.fail(key, "NotSupportedChoice")

    def name(self, item: Json) -> None:
        """`item["name"]` must be a text that is not empty."""
        if not isinstance(item.get("name"), str) or not item["name"]:
            self.fail("name", "FieldMissing")

    def integers(self, item: Json, *keys: str) -> None:
        """These members, where present, must be whole numbers."""
        for key in keys:
            if item.get(key) is not None and not isinstance(item[key], int):
                self.wrong_type(key, "int")

    def finish(self) -> None:
        """Raise if anything failed."""
        if self._by_request:
            rows = [{"request_id": one, "errors": errors} for one, errors in self._by_request.items()]
            raise Problem(400, "Request validation failed", {"validation-errors": rows})
