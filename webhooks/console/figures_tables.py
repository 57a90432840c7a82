"""The tables of the page of figures: what they show, and what a spreadsheet gets of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provodka.journal import turns
from rules.assignment.responsible import ELSE
from rules.figures import BY_HAND, IMPORTED, NOT_SAID, Line
from support.figures import MOST_CASES, Dealt, PeriodFigures, Wait
from support.masking import Mask
from webhooks.console.table import Bar, Cell, Column, Table, minutes, number, waited
from webhooks.console.words import gettext, whole

_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Seen:
    """How a reader sees cases: masked unless opened, with moments on the client's clocks and links."""

    mask: Mask
    moment: Callable[[datetime], str]
    event_url: Callable[[str], str]
    person: Callable[[str], str]


def tables(found: PeriodFigures, seen: Seen, limit: str) -> list[Table]:
    """All of them, in the order of the page; without those that there is nothing to say in."""
    return [
        _lines(
            "source",
            gettext("Лиды по источникам"),
            gettext("Источник"),
            found.figures.by_source,
            lambda name: seen.mask.text(_source(name)),
            found.figures.imported,
        ),
        _hours(found.figures.by_hour),
        _lines("person", gettext("Лиды по людям"), gettext("Ответственный"), found.figures.by_person, _person),
        *([_days(found)] if len(found.days) > 1 else []),
        _late(found, seen, limit),
        *(_shares(place, one, forgot=found.forgot) for place, one in enumerate(_queues(found.dealt), start=1)),
        _misses(found, seen),
    ]


def _source(name: str) -> str:
    return {BY_HAND: gettext("вручную"), IMPORTED: gettext("загрузка списков, отдельно от остальных")}.get(name, name)


def _person(name: str) -> str:
    return gettext("не указано") if name == NOT_SAID else name


def _lines(
    key: str, title: str, what: str, lines: Sequence[Line], called: Callable[[str], str], apart: Line | None = None
) -> Table:
    """`apart` is the last line, which no bar is measured by."""
    most = max((line.leads for line in lines), default=0)
    lines = [*lines, *([apart] if apart and apart.has_any else [])]
    return Table(
        key,
        title,
        (
            Column(what),
            Column(gettext("Лидов"), number=True),
            Column(gettext("Выиграно"), number=True),
            Column(gettext("Проиграно"), number=True),
            Column(gettext("Конверсия"), number=True, unit="%"),
        ),
        tuple(
            (
                Cell(called(line.name)),
                *map(number, (line.leads, line.won, line.lost)),
                Cell(f"{line.conversion} %", line.conversion) if line.won + line.lost else Cell("—"),
            )
            for line in lines
        ),
        bars=tuple(Bar(100 * line.leads / most if most and line is not apart else 0) for line in lines),
    )


def _hours(lines: Sequence[Line]) -> Table:
    by_hour = {line.name: line.leads for line in lines}
    leads = [by_hour.get(f"{hour:02}", 0) for hour in range(_HOURS)]
    best = leads.index(max(leads))
    told = gettext("Столбцы по часам суток. Больше всего лидов приходит с %(hour)s: %(leads)s из %(all)s.")
    return Table(
        "hour",
        gettext("Лиды по часам"),
        (Column(gettext("Час")), Column(gettext("Лидов"), number=True, drawn=True)),
        tuple((Cell(f"{hour:02}:00"), number(count)) for hour, count in enumerate(leads)),
        chart="columns" if any(leads) else "",
        seen=told % {"hour": f"{best:02}:00", "leads": leads[best], "all": sum(leads)},
    )


def _days(found: PeriodFigures) -> Table:
    days = found.days
    told = gettext(
        "Две линии по дням: сколько ждёт половина лидов (от %(low)s до %(high)s) и сколько ждут 95 %% из них."
    )
    medians = [minutes(one.median).text for one in sorted(days, key=lambda one: one.median)]
    return Table(
        "day",
        gettext("Ожидание по дням"),
        (
            Column(gettext("День")),
            Column(gettext("Лидов"), number=True),
            Column(gettext("Дождались"), number=True),
            Column(gettext("Медиана"), number=True, unit=gettext("мин"), drawn=True),
            Column(gettext("95 %"), number=True, unit=gettext("мин"), drawn=True),
        ),
        tuple(
            (
                Cell(f"{one.day:%d.%m}"),
                *map(number, (one.leads, one.answered)),
                *(map(minutes, (one.median, one.p95)) if one.answered else (Cell("—"), Cell("—"))),
            )
            for one in days
        ),
        chart="lines",
        seen=told % {"low": medians[0], "high": medians[-1]},
    )


def _late(found: PeriodFigures, seen: Seen, limit: str) -> Table:
    return Table(
        "late",
        gettext("Ждали дольше предела"),
        (
            Column(gettext("Лид")),
            Column(gettext("Ждал"), number=True, unit=gettext("мин")),
            Column(gettext("Создан")),
            Column(gettext("Ответственный")),
        ),
        tuple(
            (
                Cell(_title(one, seen), url=one.lead.lead.url),
                _told(one),
                Cell(seen.moment(one.lead.created), url=seen.event_url(one.lead.event)),
                Cell(seen.person(one.lead.lead.responsible) or gettext("не указано")),
            )
            for one in found.late
        ),
        note=gettext("Предел: %s. Само ожидание показано по часам.") % limit,
        more=_more(found.all_late),
    )


def _told(one: Wait) -> Cell:
    told = waited(one.waited)
    return Cell(gettext("%s, не тронут") % told.text, told.value, tone="bad") if one.waits else told


def _title(one: Wait, seen: Seen) -> str:
    """What people write into a title is personal more often than not."""
    number = gettext("Лид\N{NO-BREAK SPACE}№\N{NO-BREAK SPACE}%s") % one.lead.lead.id
    return one.lead.lead.title or number if seen.mask.opened else number


def _queues(dealt: Iterable[Dealt]) -> Iterable[Dealt]:
    """What stands in for a queue (`else`) is worth a table only where it had to."""
    return (one for one in dealt if one.turns or not one.distribution.counter.endswith(ELSE))


def _shares(place: int, dealt: Dealt, *, forgot: bool) -> Table:
    one = dealt.distribution
    told = [gettext("Раздаётся %(how)s; роздано %(turns)s.") % {"how": _how(one.strategy), "turns": whole(dealt.turns)}]
    if any(share.aim is not None for share in dealt.shares):
        told.append(
            gettext("Черта на полосе — цель. Кого не было на месте или кто выбрал дневной предел, получает меньше.")
        )
    if forgot:
        told.append(gettext("Очередь помнит %s дней, более ранние части срока не видны.") % turns.KEPT.days)
    return Table(
        f"share{place}",
        (gettext("Запасная очередь: %s") if one.counter.endswith(ELSE) else gettext("Распределение: %s"))
        % ", ".join(one.rules),
        (
            Column(gettext("Кто")),
            Column(gettext("Досталось"), number=True),
            Column(gettext("Доля"), number=True, unit="%"),
            Column(gettext("Цель"), number=True, unit="%"),
        ),
        tuple(
            (
                Cell(share.person),
                number(share.turns),
                Cell(f"{share.share} %", share.share),
                Cell("—") if share.aim is None else Cell(f"{share.aim} %", share.aim),
            )
            for share in dealt.shares
        ),
        bars=tuple(Bar(share.share, share.aim) for share in dealt.shares),
        note=" ".join(told),
    )


def _how(strategy: str) -> str:
    words = {
        "weights": gettext("по долям"),
        "round_robin": gettext("по очереди, поровну"),
        "by_results": gettext("по долям из результатов"),
        "least_loaded": gettext("тому, у кого меньше открытых лидов"),
    }
    return words.get(strategy, strategy)


def _misses(found: PeriodFigures, seen: Seen) -> Table:
    return Table(
        "missed",
        gettext("Пропущенные звонки"),
        (
            Column(gettext("Телефон")),
            Column(gettext("Перезвонили через"), number=True, unit=gettext("мин")),
            Column(gettext("Впервые")),
            Column(gettext("Раз"), number=True),
        ),
        tuple(
            (
                Cell(seen.mask.text(one.phone) or gettext("номер скрыт")),
                waited(one.back_at - one.at) if one.back_at else Cell(gettext("не перезвонили"), tone="bad"),
                Cell(seen.moment(one.at), url=seen.event_url(one.event)),
                number(one.times),
            )
            for one in found.misses
        ),
        note=gettext("Перезвонили — значит, с этим номером после пропущенного поговорили, кто бы ни звонил."),
        more=_more(found.all_misses),
    )


def _more(count: int) -> str:
    if count <= MOST_CASES:
        return ""
    return gettext("Всего %(all)s, в таблице %(some)s.") % {"all": whole(count), "some": whole(MOST_CASES)}
