"""The pages of the console, in the order of its menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, url_for

from webhooks.console import events, export, feed, figures, health, needs, people, rules, saved, search, whatif
from webhooks.console.access import reader
from webhooks.console.settings import Role
from webhooks.console.words import gettext


@dataclass(frozen=True, slots=True)
class Room:
    """Pages that belong together. `title` stands in the menu (none: it does not), `start` is its first page."""

    blueprint: Callable[[], Blueprint]
    start: str = ""
    title: str = ""
    role: Role = Role.VIEW


@dataclass(frozen=True, slots=True)
class NavLink:
    """A line of the menu."""

    title: str
    url: str
    current: bool


ROOMS: Sequence[Room] = (
    Room(search.blueprint, "search.page", "Поиск"),
    Room(feed.blueprint, "feed.show", "Лента"),
    Room(needs.blueprint, "needs.page", "Нужен человек"),
    Room(health.blueprint, "health.page", "Состояние"),
    Room(rules.blueprint, "rules.page", "Правила"),
    Room(figures.blueprint, "figures.page", "Показатели"),
    Room(export.blueprint, "export.page", "Выгрузка", Role.OPERATE),
    Room(people.blueprint, "people.page", "Люди", Role.ADMINISTER),
    Room(events.blueprint),
    Room(saved.blueprint),
    Room(whatif.blueprint),
)


_WITHIN: Final = {"whatif": "rules"}
"""Rooms that are entered from another one."""


def nav(endpoint: str | None) -> list[NavLink]:
    """The menu for whoever is reading."""
    here = (endpoint or "").partition(".")[0]
    here = _WITHIN.get(here, here)
    return [
        NavLink(gettext(room.title), url_for(room.start), room.start.partition(".")[0] == here)
        for room in ROOMS
        if room.title and reader().role.may(room.role)
    ]
