"""What only the accounts know: whether they let us in, what they allow, and whether the names of the config exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Final

from cli.hooks import CRM_CHANNEL, destination
from connectors.registry import CHANNELS, CRMS, Role
from provodka.crm import CrmAccount, Missing
from provodka.errors import Problem
from provodka.journal import Journal, queries
from provodka.readiness import AccountSetup, HookState, Look, Remark, Weight, looked
from provodka.settings import Finding, Parsed, did_you_mean
from rules.actions import REGISTRY
from rules.needs import UsedName, needs
from rules.schema import Rule

UNTOLD: Final = (
    "Об изменениях в CRM Provodka узнаёт раз в минуту. Чтобы CRM сообщала сама: crm.hook_secret (длинная случайная "
    "строка), server.public_url и provodka connect."
)
NO_ADDRESS: Final = (
    "Впишите server.public_url (адрес, по которому Provodka видна снаружи) и запустите provodka connect."
)
CONNECT: Final = "Запустите provodka connect: он зарегистрирует вебхук и проверит, что события доходят."
FORMER: Final = "provodka connect снимет прежний адрес."
DISMISSED: Final = "Сотрудник отключён в CRM: замените его в staff или включите в CRM."
_STATES: Final = {
    HookState.MISSING: "the CRM does not send its hints to us",
    HookState.INCOMPLETE: "the CRM does not tell of everything, it lacks",
    HookState.DISABLED: "the CRM has switched our webhook off, as after many bad answers",
    HookState.UNKNOWN: "no hint has come from the CRM yet",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What an account says, with its place in the config."""

    weight: Weight
    problem: Problem


def ask_accounts(parsed: Parsed, *, create: bool) -> list[Told]:
    """Everything that the accounts say, all of it in one run, sorted by place.

    Asks for whatever could be read, even if other parts of the config are wrong.
    """
    remarks = list(_channels(parsed))
    settings, journal = parsed.values["crm"], parsed.values["journal"]
    if settings is not None and journal is not None:
        store = Journal(journal.url)
        crm = CRMS[settings.type].open(settings, store.store)
        try:
            remarks += _of_crm(parsed, crm, store, create=create)
        finally:
            crm.close()
            store.close()
    told = {_told(parsed, one) for one in remarks}
    return sorted(told, key=lambda one: one.problem)


def _told(parsed: Parsed, remark: Remark) -> Told:
    return Told(remark.weight, parsed.problem(Finding(remark.path, remark.text, remark.cure)))


def _channels(parsed: Parsed) -> Iterator[Remark]:
    """Mailboxes log in and look for their folders; bots try their token and whether they may write to the staff."""
    journal = parsed.values["journal"]
    for name, settings in parsed.values["channels"].items():
        kind = CHANNELS[settings.type]
        path = ("channels", name)
        if kind.role is Role.WATCHER:
            yield from (Remark(path, sentence) for sentence in kind.load()(name, settings).check())
        elif kind.role is Role.MESSENGER and journal is not None:
            yield from _messenger(parsed, path, kind.load(), settings, journal.url)


def _messenger(
    parsed: Parsed,
    path: tuple[str, str],
    made: Any,  # noqa: ANN401 -- a messenger's class
    settings: Any,  # noqa: ANN401
    journal: str,
) -> Iterator[Remark]:
    store = Journal(journal)
    messenger = made(settings, store.store)
    try:
        if wrong := messenger.check():
            yield from (Remark(path, sentence) for sentence in wrong)
            return
        for key, member in parsed.values["staff"].items():
            if member.telegram is not None:
                said = messenger.check_chat(str(member.telegram))
                yield from (Remark(("staff", key, "telegram"), sentence) for sentence in said)
    finally:
        messenger.close()
        store.close()


def _of_crm(parsed: Parsed, crm: CrmAccount, journal: Journal, *, create: bool) -> list[Remark]:
    """The fields are made first, so that what is looked at then is how it will be."""
    setup, sections = crm.setup(), sorted(_used(parsed), key=_kind)
    looks: list[Look] = [partial(_make_fields, crm)] if create else []
    looks += [partial(_within_crm, look) for look in setup.looks()]
    looks.append(partial(_hooks, parsed, setup, journal))
    looks += [partial(_lacks, crm, list(group)) for _, group in groupby(sections, key=_kind)]
    return [one if one.path else replace(one, path=("crm",)) for one in looked(looks)]


def _kind(one: UsedName) -> str:
    return one.need.kind


def _make_fields(crm: CrmAccount) -> list[Remark]:
    crm.check([], create=True)
    return []


def _within_crm(look: Look) -> Iterator[Remark]:
    for one in look():
        yield replace(one, path=("crm", *one.path))


def _hooks(parsed: Parsed, setup: AccountSetup, journal: Journal) -> Iterator[Remark]:
    """Whether hints come to our address; an account that cannot be asked has proved it by an earlier hint."""
    settings, server = parsed.values["crm"], parsed.values["server"]
    if settings.hook_secret is None:
        yield Remark(("crm",), "there is no hook_secret, so the CRM cannot tell of changes", UNTOLD, Weight.NOTE)
        return
    found = setup.hooks(destination(settings, server.public_url if server else None))
    if found.former:
        yield Remark(
            ("server", "public_url"),
            f"the CRM still sends its hints to {len(found.former)} former address(es) of ours",
            FORMER,
        )
    if found.state is HookState.REGISTERED or (found.state is HookState.UNKNOWN and _has_hints(journal)):
        return
    text = _STATES[found.state]
    if found.state is HookState.INCOMPLETE:
        text += f" {', '.join(found.lacking)}"
    if server is None or server.public_url is None:
        yield Remark(
            ("server",), f"{text}, and server.public_url does not tell our address", found.by_hand or NO_ADDRESS
        )
    else:
        yield Remark(("server", "public_url"), text, found.by_hand or CONNECT)


def _has_hints(journal: Journal) -> bool:
    return any(row[0] == CRM_CHANNEL for row in journal.read(queries.last_by_channel))


def _lacks(crm: CrmAccount, used: list[UsedName]) -> Iterator[Remark]:
    lacking = {missing.need: missing for missing in crm.check([one.need for one in used])}
    for one in used:
        if one.need in lacking:
            yield _remark(one, lacking[one.need])


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


def _remark(one: UsedName, missing: Missing) -> Remark:
    need = one.need
    kind = need.kind.replace("_", " ")
    if missing.dismissed:
        return Remark(one.path, f"the {kind} «{need.name}» is switched off in the CRM", DISMISSED, Weight.CONFIG)
    where = f" in pipeline «{need.within}»" if need.within else ""
    hint = did_you_mean(need.name, missing.known) if missing.known else ""
    return Remark(one.path, f"the CRM has no {kind} «{need.name}»{where}", hint, Weight.CONFIG)
