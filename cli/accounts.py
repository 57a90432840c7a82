"""What only the accounts know: whether they let us in, and whether the names of the config exist there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.registry import CHANNELS, CRMS, Role
from provodka.crm import Crm, Missing
from provodka.errors import ConnectorError
from provodka.journal import Journal
from provodka.settings import Finding, Parsed, did_you_mean
from rules.actions import REGISTRY
from rules.needs import UsedName, needs
from rules.schema import Rule


def ask_accounts(parsed: Parsed, *, create: bool) -> list[str]:
    """Add what the accounts lack to the problems; returns sentences about accounts that cannot be asked.

    Asks for whatever could be read, even if other parts of the config are wrong.
    """
    silent = [sentence for name, watcher in _watchers(parsed) for sentence in _asked(name, watcher)]
    settings, journal = parsed.values["crm"], parsed.values["journal"]
    if settings is None or journal is None:
        return silent
    store = Journal(journal.url)
    crm = CRMS[settings.type].open(settings, store.store)
    try:
        parsed.report(_lacks(parsed, crm, create=create))
    except ConnectorError as error:
        silent.append(f"crm: {error.reason}" + (f" ({error.hint})" if error.hint else ""))
    finally:
        crm.close()
        store.close()
    return silent


def _watchers(parsed: Parsed) -> Iterator[tuple[str, Any]]:
    for name, settings in parsed.values["channels"].items():
        kind = CHANNELS[settings.type]
        if kind.role is Role.WATCHER:
            yield name, kind.load()(name, settings)


def _asked(name: str, watcher: Any) -> Iterator[str]:  # noqa: ANN401 -- a Watcher
    for sentence in watcher.check():
        yield f"{name}: {sentence}"


def _lacks(parsed: Parsed, crm: Crm, *, create: bool) -> Iterator[Finding]:
    used = _used(parsed)
    lacking = {missing.need: missing for missing in crm.check([one.need for one in used], create=create)}
    for one in used:
        if one.need in lacking:
            yield _finding(one, lacking[one.need])


def _used(parsed: Parsed) -> list[UsedName]:
    """The names in staff and in those rules that have no mistake of their own."""
    wrong = {problem.path.split("]")[0] for problem in parsed.problems}
    right: dict[int, Rule] = {i: r for i, r in parsed.values["rules"].items() if f"rules[{i}" not in wrong}
    numbers = list(right)
    found = needs(list(right.values()), REGISTRY, parsed.values["staff"])
    return [
        UsedName(("rules", numbers[int(one.path[1])], *one.path[2:]), one.need) if one.path[0] == "rules" else one
        for one in found
    ]


def _finding(one: UsedName, missing: Missing) -> Finding:
    need = one.need
    where = f" in pipeline «{need.within}»" if need.within else ""
    hint = did_you_mean(need.name, missing.known) if missing.known else ""
    return Finding(one.path, f"the CRM has no {need.kind.replace('_', ' ')} «{need.name}»{where}", hint)
