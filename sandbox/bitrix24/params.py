"""Parameters of a request: query, form and JSON in one, PHP brackets as nested maps and lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from flask import Request

from sandbox.bitrix24.errors import Json

MAX_DEPTH = 20
WHOLE = re.compile(r"\s*([+-]?\d{1,18})")
FRACTION = re.compile(r"\s*([+-]?\d{1,18}(?:[.,]\d{1,12})?)")


def from_request(request: Request) -> Json:
    """All parameters; the body wins over the query. The JSON body of a GET is not read, as the vendor's server does."""
    found = parse(request.args.items(multi=True))
    if request.method != "POST":
        return found
    if request.is_json:
        found.update(_json(request.get_data()))
        return found
    found.update(parse(request.form.items(multi=True)))
    for name, upload in request.files.items():
        found[name] = {"name": clean(upload.filename or ""), "content": upload.read()}
    return found


def from_query(query: str) -> Json:
    """The parameters of a batch command."""
    return parse(parse_qsl(query, keep_blank_values=True))


def parse(pairs: Iterable[tuple[str, str]]) -> Json:
    """Nested maps and lists; `a[]=x&a[]=y` gives `{"a": ["x", "y"]}`, `a[ID]=1` gives `{"a": {"ID": "1"}}`."""
    root: Json = {}
    for key, value in pairs:
        node = root
        *path, last = split(clean(key))
        for step in path[:MAX_DEPTH]:
            name = step or str(len(node))
            child = node.get(name)
            if not isinstance(child, dict):
                child = node[name] = {}
            node = child
        node[last or str(len(node))] = clean(value)
    return {key: as_php(value) for key, value in root.items()}


def split(key: str) -> list[str]:
    """`filter[id][]` gives `["filter", "id", ""]`."""
    head, _, rest = key.partition("[")
    if not rest or "]" not in rest:
        return [key]
    return [head, *rest[: rest.rindex("]")].split("][")]


def as_php(value: Any) -> Any:  # noqa: ANN401  # any tree of strings
    """Maps whose keys are 0, 1, 2… become lists."""
    if not isinstance(value, dict):
        return value
    children = {key: as_php(child) for key, child in value.items()}
    if children and list(children) == [str(place) for place in range(len(children))]:
        return list(children.values())
    return children


def clean(text: str) -> str:
    """Text without halves of surrogate pairs, which no answer could carry."""
    return text.encode("utf-8", "replace").decode()


def clean_tree(value: Any) -> Any:  # noqa: ANN401  # any JSON
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): clean_tree(child) for key, child in value.items()}
    return [clean_tree(child) for child in value] if isinstance(value, list) else value


def _json(raw: bytes) -> Json:
    try:
        body = clean_tree(json.loads(raw))
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def whole(raw: object) -> int:
    """An integer as PHP casts it: digits in front count, anything else is 0."""
    if isinstance(raw, bool | int):
        return int(raw) if abs(raw) < 10**18 else 0
    if isinstance(raw, float):
        return int(raw) if abs(raw) < 1e18 else 0
    found = WHOLE.match(raw) if isinstance(raw, str) else None
    return int(found[1]) if found else 0


def number(raw: object) -> float:
    """A fraction as PHP casts it."""
    if isinstance(raw, bool | int | float):
        return float(raw) if abs(raw) < 1e18 else 0.0
    found = FRACTION.match(raw) if isinstance(raw, str) else None
    return float(found[1].replace(",", ".")) if found else 0.0


def text(raw: object) -> str:
    """A scalar as PHP casts it to a string; maps and lists give nothing."""
    if raw is None or raw is False or isinstance(raw, dict | list | bytes):
        return ""
    return "1" if raw is True else str(raw)


def rows(raw: object) -> list[Any]:
    """The elements of a list or of a map with any keys."""
    if isinstance(raw, dict):
        return list(raw.values())
    return raw if isinstance(raw, list) else []


def yes(raw: object) -> bool:
    """Y, 1, true in any of the forms clients send."""
    return raw is True or text(raw).strip().upper() in ("Y", "1", "TRUE", "YES")


def flatten(name: str, value: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # any JSON
    """PHP's `http_build_query`: null vanishes, booleans become 1 and 0, empty lists vanish."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [pair for key, child in items for pair in flatten(f"{name}[{key}]", child)]
    if value is None:
        return []
    return [(name, ("1" if value else "0") if isinstance(value, bool) else str(value))]
