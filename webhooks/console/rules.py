"""The rules of the config: how each has fared lately, and those that never act, with the likely why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from provodka.errors import JournalUnavailableError
from rules.plan import rule_slug
from support.masking import Mask
from support.rule_counts import Fate, RuleCount, RuleCounts, count_rules
from support.story import ShownCondition, shown_condition
from webhooks.console import names, telling
from webhooks.console.access import masks, parts, reader
from webhooks.console.parts import Parts, WrittenRule
from webhooks.console.settings import Role
from webhooks.console.task import Task
from webhooks.console.tasks import Counted, tasks
from webhooks.console.words import counted, gettext, whole

DAYS: Final = 30
_WEEK: Final = 7
_FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Line:
    """A rule with what became of it; `rule` is None for one that the config has no more, `days` are its matches by day,
    the oldest first, None where that is not known. `met`: it is in the traces, be it for events of others."""

    name: str
    slug: str
    rule: WrittenRule | None
    count: RuleCount
    days: tuple[int | None, ...]
    met: bool = True

    @property
    def bars(self) -> str:
        """The days as the path of an SVG, 4 wide each and up to 20 high."""
        most = max((many for many in self.days if many), default=1)
        heights = [(at, max(2, round(20 * many / most))) for at, many in enumerate(self.days) if many]
        return "".join(f"M{4 * at} 20v-{height}h3v{height}z" for at, height in heights)


@dataclass(frozen=True, slots=True)
class Silent:
    """A rule that has not acted, with the likely why in sentences, the likeliest first."""

    line: Line
    why: tuple[str, ...]
    example: str = ""


def blueprint() -> Blueprint:
    """`/console/rules` and `/console/rules/<slug>`."""
    pages = Blueprint("rules", __name__)

    @pages.get("/rules")
    def page() -> ResponseReturnValue:
        asked = _asked()
        found = asked.result
        lines = _lines(found) if found else [_line(rule.name, rule, RuleCount(), None) for rule in parts().rules]
        mask = masks().of()
        return render_template(
            "rules_now.html" if request.headers.get("HX-Request") else "rules.html",
            found=found,
            failed=asked.error is not None,
            runs=asked.running,
            lines=[line for line in lines if line.rule is not None],
            gone=[line for line in lines if line.rule is None],
            silent=_silent(lines, mask) if found else [],
            days=DAYS,
            today=_today(),
            week=_first(_WEEK),
            may_try=reader().role.may(Role.OPERATE),
            Fate=Fate,
        )

    @pages.get("/rules/<slug>")
    def rule(slug: str) -> ResponseReturnValue:
        asked = _asked()
        found = asked.result
        known = {rule_slug(one.name): one.name for one in parts().rules}
        known |= {rule_slug(name): name for name in (found.rules if found else ())}
        if slug not in known:
            abort(404)
        lines = _lines(found) if found else [_line(one.name, one, RuleCount(), None) for one in parts().rules]
        line = next(one for one in lines if one.slug == slug)
        return render_template(
            "rules_one.html",
            found=found,
            failed=asked.error is not None,
            runs=asked.running,
            line=line,
            fates=[(words, fate) for fate, words in _fates().items() if fate in _ALWAYS or line.count.of(fate)],
            condition=_condition(line.count, masks().of()),
            silent=_silent([line], masks().of()) if found else [],
            error=masks().of().text(line.count.error),
            periods=(_today(), _first(_WEEK), _first(DAYS)),
            names=names,
            Fate=Fate,
        )

    return pages


def _asked() -> Counted[RuleCounts]:
    house = parts()
    asked: Counted[RuleCounts] = tasks().ask("rules", lambda task: _count(house, task), _FRESH)
    if isinstance(asked.error, JournalUnavailableError):
        raise asked.error
    return asked


def _count(house: Parts, task: Task[RuleCounts]) -> RuleCounts:
    local = house.now().astimezone(house.zone)
    begin = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    return count_rules(house.journal, begin, house.zone, task.step)


def _today() -> date:
    return parts().now().astimezone(parts().zone).date()


def _first(days: int) -> date:
    """The first of so many days, of which today is the last."""
    return _today() - timedelta(days=days - 1)


def _lines(found: RuleCounts) -> list[Line]:
    """Those of the config in their order, then those that it has no more."""
    written = {rule.name: rule for rule in parts().rules}
    known = [_line(name, rule, found.rules.get(name, RuleCount()), found) for name, rule in written.items()]
    gone = [_line(name, None, count, found) for name, count in sorted(found.rules.items()) if name not in written]
    return [*known, *gone]


def _line(name: str, rule: WrittenRule | None, count: RuleCount, found: RuleCounts | None) -> Line:
    matched: Mapping[date, int] = count.days.get(Fate.MATCHED, {})
    known = found.since.astimezone(parts().zone).date() if found else _today()
    every = (_first(DAYS) + timedelta(days=at) for at in range(DAYS))
    days = tuple(matched.get(day, 0) if day >= known else None for day in every)
    return Line(name, rule_slug(name), rule, count, days, found is not None and name in found.rules)


_ALWAYS: Final = (Fate.MATCHED, Fate.MISSED, Fate.FAILED, Fate.DEAD)


def _fates() -> dict[Fate, str]:
    return {
        Fate.MATCHED: gettext("сработало"),
        Fate.MISSED: gettext("условия не сошлись"),
        Fate.FAILED: gettext("ошибка в правиле"),
        Fate.DEAD: gettext("действий не сделано"),
        Fate.RESTRAINED: gettext("сошлось, но once_within или throttle не дали действовать"),
        Fate.STOPPED: gettext("не дошло: раньше сработало правило со stop"),
        Fate.WAITING: gettext("стало ждать своего времени"),
        Fate.DROPPED: gettext("снято: случилось то, что его отменяет"),
        Fate.CHECKED: gettext("карточки просмотрены"),
        Fate.ELSEWHERE: gettext("событие пришло из другого канала"),
    }


def _silent(lines: Sequence[Line], mask: Mask) -> list[Silent]:
    """Those of the config that have never acted."""
    idle = [line for line in lines if line.rule is not None and not line.count.of(Fate.MATCHED)]
    return [Silent(line, tuple(_why(line, mask)), _missed(line.count)) for line in idle]


def _missed(count: RuleCount) -> str:
    """The id of an event that shows it best."""
    newest = sorted(count.last.items(), key=lambda one: (count.of(one[0]), one[1]), reverse=True)
    return next((count.examples[fate] for fate, _ in newest if fate in count.examples), "")


def _why(line: Line, mask: Mask) -> Iterator[str]:
    count, rule = line.count, line.rule
    met = sorted(((count.of(fate), fate) for fate in count.last), reverse=True)
    if not line.met:
        yield gettext("В разборах за это время его ещё нет: правило новое или недавно переименовано.")
    elif not met:
        triggers = ", ".join(f"«{names.event_title(one)}»" for one in (rule.triggers if rule else ()))
        yield gettext("Таких событий не было: %s.") % triggers
    for many, fate in met:
        times = counted("%(num)s раз", "%(num)s раз", many)
        match fate:
            case Fate.MISSED:
                yield _asked_too_much(count, many, mask)
            case Fate.FAILED:
                told = {"times": times, "error": mask.text(count.error)}
                yield gettext("Ошибка в правиле, %(times)s: %(error)s") % told
            case Fate.STOPPED:
                yield gettext("До него не дошло, %s: раньше сработало правило со stop.") % times
            case Fate.RESTRAINED:
                yield gettext("Условия сошлись, %s, но once_within или throttle не дали действовать.") % times
            case Fate.WAITING:
                yield gettext("Ждало своего времени, %s.") % times
            case Fate.DROPPED:
                yield gettext("Снято, %s: случилось то, что его отменяет.") % times
            case Fate.ELSEWHERE:
                heard = ", ".join(rule.channels if rule else ())
                told = {"times": times, "channels": heard or "—"}
                yield gettext("Событие пришло, %(times)s, но из других каналов; правило слушает: %(channels)s.") % told


def _asked_too_much(count: RuleCount, many: int, mask: Mask) -> str:
    failed = count.condition
    if failed is None:
        events = counted("%(num)s событие", "%(num)s событий", many)
        return gettext("Условия сошлись, но это карточки из загрузки списка или письма незнакомых: %s.") % events
    told = {"some": whole(failed.times), "all": counted("%(num)s события", "%(num)s событий", many)}
    words = gettext("Чаще всего не сходится (в %(some)s из %(all)s):") % told
    return f"{words} {_condition(count, mask)}"


def _condition(count: RuleCount, mask: Mask) -> str:
    """The condition that fails most often, with what it has met; of a group, all of it."""
    if count.condition is None:
        return ""
    return "; ".join(_told(shown_condition(mask.condition(count.condition.trace))))


def _told(shown: ShownCondition) -> Iterator[str]:
    yield telling.condition(shown)
    for part in shown.parts:
        yield from _told(part)
