"""Which names of the config the account lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from connectors.crm.names import Names, plain
from provodka.crm import PLACE_FOR, CardKind, Missing, Need, Pipeline

Known = Callable[[Names, Need], Sequence[Sequence[str]]]


def missing(directory: Names, needs: Sequence[Need]) -> list[Missing]:
    """Needs that are not met, each with the names that there are; a kind that we do not know is not met."""
    lacking = []
    for need in needs:
        if need.kind == "task_type" and directory.task_types() is None:
            continue
        if need.kind == PLACE_FOR:
            continue  # a portal has requisites; an account without a field says so itself
        names = _NAMES.get(need.kind)
        known = names(directory, need) if names else []
        if not any(plain(need.name) == plain(alias) for one in known for alias in one):
            lacking.append(Missing(need, tuple(one[0] for one in known), dismissed=_is_dismissed(directory, need)))
    return lacking


def _is_dismissed(directory: Names, need: Need) -> bool:
    """Whether there is somebody of this name who is switched off."""
    if need.kind != "user":
        return False
    return any(plain(need.name) in (plain(one.login), plain(one.name)) for one in directory.users() if not one.active)


def _pipelines(directory: Names, _: Need) -> list[tuple[str, ...]]:
    return [(pipeline.name,) for pipeline in directory.pipelines()]


def _stages(directory: Names, need: Need) -> list[tuple[str, ...]]:
    return _stages_within(directory.pipelines(), need.within)


def _deal_pipelines(directory: Names, _: Need) -> list[tuple[str, ...]]:
    return [(pipeline.name,) for pipeline in directory.deal_pipelines()]


def _deal_stages(directory: Names, need: Need) -> list[tuple[str, ...]]:
    return _stages_within(directory.deal_pipelines(), need.within)


def _stages_within(pipelines: Sequence[Pipeline], name: str) -> list[tuple[str, ...]]:
    """Those of the named pipeline, without a name those of any."""
    named = [one for one in pipelines if not name or plain(one.name) == plain(name)]
    return list(dict.fromkeys((stage.name,) for one in named for stage in one.stages if not stage.incoming))


def _users(directory: Names, _: Need) -> list[tuple[str, ...]]:
    """Only active ones: the others cannot be responsible."""
    return [(user.login, user.name) for user in directory.users() if user.active]


def _fields_of(kind: CardKind) -> Known:
    def names(directory: Names, _: Need) -> list[tuple[str, ...]]:
        return [(one.name, one.code) if one.code else (one.name,) for one in directory.card_fields(kind)]

    return names


def _loss_reasons(directory: Names, _: Need) -> list[tuple[str, ...]]:
    return [(name,) for name in directory.loss_reasons()]


def _bots(directory: Names, _: Need) -> list[tuple[str, ...]]:
    return [(name,) for name in directory.bots()]


def _task_types(directory: Names, _: Need) -> list[tuple[str, ...]]:
    return [(name,) for name in directory.task_types() or ()]


def _options_of(kind: CardKind) -> Known:
    def names(directory: Names, need: Need) -> list[tuple[str, ...]]:
        """A field that is no list, or that is not there and told of already, takes any text."""
        fields = (
            one for one in directory.card_fields(kind) if plain(need.within) in (plain(one.name), plain(one.code))
        )
        options = next((one.options for one in fields), {})
        return [(option,) for option in options or (need.name,)]

    return names


_NAMES: Final[dict[str, Known]] = {
    "pipeline": _pipelines,
    "stage": _stages,
    "deal_pipeline": _deal_pipelines,
    "deal_stage": _deal_stages,
    "user": _users,
    "field": _fields_of(CardKind.LEAD),
    "contact_field": _fields_of(CardKind.CONTACT),
    "company_field": _fields_of(CardKind.COMPANY),
    "option": _options_of(CardKind.LEAD),
    "contact_option": _options_of(CardKind.CONTACT),
    "company_option": _options_of(CardKind.COMPANY),
    "loss_reason": _loss_reasons,
    "bot": _bots,
    "task_type": _task_types,
}
