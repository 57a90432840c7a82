"""A channel of a first config, whatever its kind: what its settings model cannot do without, asked or as a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_origin

import yaml
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from connectors.registry import CHANNELS
from provodka.mistakes import Mistakes
from provodka.settings import Strict

Question = Callable[[str, str], str]
"""Asks with a default; returns the answer."""

TO_FILL_IN: Final = "ВПИШИТЕ"
_STAND_INS: Final[Mapping[type, tuple[Any, ...]]] = {
    str: (TO_FILL_IN, "1234567890", "info@example.ru", "https://example.ru"),
    int: (1, 1234567890),
}
"""What stands in for an answer that nobody has given, by type: the first that the model takes."""


class UnfitError(ValueError):
    """An answer that the settings model does not take; the text says why."""


@dataclass(frozen=True, slots=True)
class FirstChannel:
    """One channel: its settings as YAML holds them, the variables of its secrets by setting, and the settings that are
    still to be written by hand."""

    kind: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    unfilled: tuple[str, ...]

    def yaml(self) -> str:
        """The block below `channels:`, with where to read on."""
        heads = ["Что вписать и где это взять: docs/ru/channels.md"]
        kind = CHANNELS[self.kind]
        if kind.page:
            heads.append(f"Страница: https://ВАШ-АДРЕС/f/{self.kind}")
        elif kind.receiver:
            heads.append(f"Адрес для сервиса: https://ВАШ-АДРЕС/hooks/{self.kind}")
        if self.unfilled:
            heads.append(f"Проверьте или впишите: {', '.join(self.unfilled)}")
        block = yaml.safe_dump({self.kind: dict(self.settings)}, allow_unicode=True, sort_keys=False, width=110)
        return "".join(f"  # {line}\n" for line in heads) + "".join(f"  {line}\n" for line in block.splitlines())


def first_channel(kind: str, question: Question) -> FirstChannel:
    """Ask for the plain settings; secrets become variables, the rest stays as the model's sample. Raises UnfitError."""
    model = CHANNELS[kind].model()
    names = [name for name, field in model.model_fields.items() if field.is_required() and name != "type"]
    names += [name for name in model.sample if name not in names]
    settings: dict[str, Any] = {"type": kind}
    secrets, unfilled = dict[str, str](), list[str]()
    for name in names:
        field = model.model_fields[name]
        if _is(field, SecretStr):
            secrets[name] = f"{kind}_{name}".upper()
            settings[name] = f"${{{secrets[name]}}}"
            continue
        given = model.sample.get(name)
        settings[name] = sample = _stand_in(model, name, field) if given is None else given
        if isinstance(sample, str | int) and not _is(field, bool):
            answer = question(f"{kind}, {name}", str(sample)).strip()
            settings[name] = (
                int(answer) if isinstance(sample, int) and answer.isdigit() else answer.replace("${", "$${")
            )
        if settings[name] == sample:
            unfilled.append(name)
    wrong = next(_wrong(model, settings, set(settings) - set(secrets)), "")
    if wrong:
        raise UnfitError(f"{kind}: {wrong}")
    return FirstChannel(kind, settings, secrets, tuple(unfilled))


def _stand_in(model: type[Strict], name: str, field: FieldInfo) -> Any:  # noqa: ANN401  # of the field's own type
    types = [one for one in (field.annotation, *get_args(field.annotation)) if get_origin(one) is Literal]
    fitting = get_args(types[0])[:1] if types else _STAND_INS[int if _is(field, int) else str]
    return next((one for one in fitting if not any(_wrong(model, {name: one}, {name}))), fitting[0])


def _wrong(model: type[Strict], settings: Mapping[str, Any], said: set[str]) -> Iterator[str]:
    """What the model does not take of these settings, whether or not others are missing."""
    try:
        model.model_validate(settings)
    except ValidationError as error:
        for one in error.errors():
            told = one.get("ctx", {}).get("error")
            places = [finding.path for finding in told.findings] if isinstance(told, Mistakes) else []
            name = str(next(iter(one["loc"] or (places[0] if places else ())), ""))
            if name in said:
                yield f"{name}: {one['msg'].removeprefix('Value error, ')}"


def _is(field: FieldInfo, wanted: type) -> bool:
    return wanted in (field.annotation, *get_args(field.annotation))
