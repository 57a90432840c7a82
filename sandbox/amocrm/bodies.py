"""Reading the JSON body of a control request."""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel

Body = TypeVar("Body", bound=BaseModel)


def read_body(model: type[Body]) -> Body:
    """The body as its model; raises pydantic's ValidationError, which is answered 400."""
    return model.model_validate(request.get_json(force=True, silent=True) or {})
