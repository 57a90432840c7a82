"""Error answers in the portal's shapes: a code that may be a word, a number or empty, and a text."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class RestError(Exception):
    """Answered as `{"error": code, "error_description": text}`; classic CRM methods use an empty code."""

    def __init__(self, code: str | int, text: str, status: int = 400) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status

    @property
    def body(self) -> Json:
        return {"error": self.code, "error_description": self.text}


def plain(text: str) -> RestError:
    """A classic CRM error: HTTP 400, no code, the sentence only."""
    return RestError("", text)


def denied() -> RestError:
    """What classic CRM methods say where rights are missing."""
    return plain("Access denied.")


def method_not_found() -> RestError:
    return RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def no_auth() -> RestError:
    return RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)


def missing_argument(name: str) -> RestError:
    """What a controller says where a required argument is absent."""
    return RestError("100", f"Could not find value for parameter {{{name}}}")


def item_not_found() -> RestError:
    return RestError("NOT_FOUND", "Элемент не найден")


def owner_not_found() -> RestError:
    return RestError("OWNER_NOT_FOUND", "Owner was not found")
