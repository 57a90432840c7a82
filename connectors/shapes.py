"""Bodies that say of each answer what it is, made as plain as everybody else's: name, value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.bodies import json_fields
from provodka.channel import UnreadableError

_PAIRS: Final = (("q", "a"), ("question", "answer"), ("name", "value"), ("label", "value"), ("title", "value"))
_BY_TYPE: Final = {"tel": "phone", "email": "email"}
_GENERATED: Final = "field_"  # Elementor's own ids, where the owner gave none; then the visible title says more


def plain_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields with plain names.

    Elementor's Advanced Data: `fields[ID][id|type|title|value]` becomes ID: value, and `meta[KEY][title|value]`
    meta.KEY: value. Quizzes, such as Marquiz: a list of `{"q": …, "a": …}` becomes question: answer. A text that
    is JSON (`data={"name": …}`) is what stands in it.
    """
    plain = {name: _answers_by_question(_opened(value)) for name, value in fields.items()}
    described = _described(fields.get("fields"))
    if described:
        del plain["fields"]
        for key, answer in described.items():
            _add(plain, _elementor_name(key, answer), answer["value"])
        if meta := _described(fields.get("meta")):
            plain["meta"] = {key: item["value"] for key, item in meta.items()}
    return plain


def _opened(value: object) -> object:
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return json_fields(value.encode("utf-8", "surrogatepass")) or value
    except UnreadableError:  # somebody's words that only begin so
        return value


def _described(items: object) -> dict[str, dict[str, Any]]:
    """The items, if each is a mapping with a `value`; else nothing."""
    if isinstance(items, dict) and all(isinstance(item, dict) and "value" in item for item in items.values()):
        return items
    return {}


def _elementor_name(key: str, answer: Mapping[str, Any]) -> str:
    if by_type := _BY_TYPE.get(str(answer.get("type"))):
        return by_type
    title = str(answer.get("title") or "")
    return title if key.startswith(_GENERATED) and title else key


def _answers_by_question(value: object) -> object:
    if not isinstance(value, list) or not value:
        return value
    for question, answer in _PAIRS:
        if all(isinstance(item, dict) and question in item and answer in item for item in value):
            answers: dict[str, Any] = {}
            for item in value:
                _add(answers, str(item[question]), item[answer])
            return answers
    return value


def _add(answers: dict[str, Any], name: str, value: object) -> None:
    """Add under the name; a second value of it makes a list."""
    answers[name] = [answers[name], value] if name in answers else value
