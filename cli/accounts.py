"""What only the accounts know: whether they let us in, what they allow, and whether the names of the config exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from cli.config import beside
from cli.hooks import faults
from connectors.kinds import PARTS
from connectors.registry import ACCOUNTINGS, CHANNELS, CRMS
from provodka.channel import Around
from provodka.crm import CrmAccount, Missing, Need
from provodka.errors import Problem
from provodka.event import utc_now
from provodka.journal import Journal
from provodka.readiness import AccountSetup, Look, Remark, Weight, looked
from provodka.settings import Finding, Parsed, did_you_mean
from rules.actions import REGISTRY
from rules.needs import UsedName, needs
from rules.schema import Rule
from webhooks.console.mount import BACK

DISMISSED: Final = "Сотрудник отключён в CRM: замените его в staff или включите в CRM."
CRM_FIELDS: Final = {"inn_field": "company_field", "kpp_field": "company_field", "loss_field": "field"}
"""The settings of a CRM that name a field, with what it is a field of."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an account says, with its place in the config."""

    weight: Weight
    problem: Problem


def ask_accounts(parsed: Parsed, *, create: bool, channel: str = "") -> list[Told]:
    """Everything that the accounts say, all of it in one run, sorted by place; with `channel` only what that one says.

    Asks for whatever could be read, even if other parts of the config are wrong.
    """
    remarks = list(_channels(parsed, channel))
    if channel:
        return sorted({_told(parsed, one) for one in remarks}, key=lambda one: one.problem)
    remarks += _of_openid(parsed)
    settings, journal = parsed.values["crm"], parsed.values["journal"]
    if parsed.values["accounting"] is not None and journal is not None:
        remarks += _of_accounting(parsed.values["accounting"], journal.url)
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


def _of_openid(parsed: Parsed) -> Iterator[Remark]:
    """Whether the provider that people sign in at is there, is itself, and knows us."""
    console, server = parsed.values["console"], parsed.values["server"]
    if console is None or console.openid is None or server is None:
        return
    from connectors.openid.provider import Provider  # its libraries cost time

    provider = Provider(console.openid.client(), utc_now)
    for remark in looked([partial(provider.check, f"{server.public_url or ''}{BACK}")]):
        yield replace(remark, path=("console", "openid", *(remark.path or ("issuer",))))


def _of_accounting(settings: Any, url: str) -> Iterator[Remark]:  # noqa: ANN401 -- the model of its kind
    """What accounting lacks for our work."""
    store = Journal(url)
    account = ACCOUNTINGS[settings.type].open(settings, store.store)
    try:
        for remark in looked([account.check]):
            yield replace(remark, path=("accounting", *remark.path))
    finally:
        account.close()
        store.close()


def _told(parsed: Parsed, remark: Remark) -> Told:
    return Told(remark.weight, parsed.problem(Finding(remark.path, remark.text, remark.cure)))


def _channels(parsed: Parsed, only: str) -> Iterator[Remark]:
    """Every part of a channel that can try its settings does so; bots also ask whether they may write to the staff."""
    journal, zone = parsed.values["journal"], parsed.values["timezone"]
    if journal is None:
        return
    store = Journal(journal.url)
    around = Around(store.store, ZoneInfo(zone or "UTC"))
    try:
        for name, settings in parsed.values["channels"].items():
            if only in ("", name):
                yield from _channel(parsed, ("channels", name), settings, around, alone=bool(only))
    finally:
        store.close()


def _channel(
    parsed: Parsed,
    path: tuple[str, str],
    settings: Any,  # noqa: ANN401 -- the model of its kind
    around: Around,
    *,
    alone: bool,
) -> Iterator[Remark]:
    """What several parts say in the same words is said once. A channel that is looked at `alone` is about to be
    subscribed, so that what its subscriber finds wrong will be right then."""
    kind, parts = CHANNELS[settings.type], [part for part in PARTS if not alone or part != "subscriber"]
    made = [one for part in parts if (one := kind.open(part, path[1], settings, around)) is not None]
    told = [sentence for one in made if hasattr(one, "check") for sentence in one.check()]
    said = dict.fromkeys(
        sentence.replace(".. ", ". ") for sentence in told
    )  # services end their words with a point, too
    yield from (Remark(path, sentence) for sentence in said)
    for one in made:
        if not said and getattr(one, "medium", "") == "telegram" and hasattr(one, "check_chat"):
            yield from _staff_chats(parsed, one)
        if hasattr(one, "close"):
            one.close()


def _staff_chats(parsed: Parsed, messenger: Any) -> Iterator[Remark]:  # noqa: ANN401 -- a bot that writes to the staff
    for key, member in parsed.values["staff"].items():
        if member.telegram is not None:
            said = messenger.check_chat(str(member.telegram))
            yield from (Remark(("staff", key, "telegram"), sentence) for sentence in said)


def _of_crm(parsed: Parsed, crm: CrmAccount, journal: Journal, *, create: bool) -> list[Remark]:
    """The fields are made first, so that what is looked at then is how it will be."""
    setup, sections = crm.setup(), sorted(used_names(parsed), key=_kind)
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
    """At the address, or where it is missing."""
    server = parsed.values["server"]
    address = server.public_url if server else None
    for fault in faults(parsed.values["crm"], address, setup, journal):
        path = ("crm",) if fault.optional else ("server", "public_url")
        yield Remark(path, fault.text, fault.cure, Weight.NOTE if fault.optional else Weight.ACCOUNT)


def _lacks(crm: CrmAccount, used: list[UsedName]) -> Iterator[Remark]:
    lacking = {missing.need: missing for missing in crm.check([one.need for one in used])}
    for one in used:
        if one.need in lacking:
            yield _remark(one, lacking[one.need])


def used_names(parsed: Parsed) -> list[UsedName]:
    """The names in crm, in staff and in those rules that have no mistake of their own."""
    wrong = {problem.path.split("]")[0] for problem in parsed.problems}
    right: dict[int, Rule] = {i: r for i, r in parsed.values["rules"].items() if f"rules[{i}" not in wrong}
    numbers = list(right)
    found = needs(list(right.values()), REGISTRY, parsed.values["staff"], beside(parsed))
    crm = parsed.values["crm"]
    written = [name for name in CRM_FIELDS if crm is not None and name in crm.model_fields_set and getattr(crm, name)]
    fields = [UsedName(("crm", name), Need(CRM_FIELDS[name], getattr(crm, name))) for name in written]
    return fields + [
        UsedName(("rules", numbers[int(one.path[1])], *one.path[2:]), one.need) if one.path[0] == "rules" else one
        for one in found
    ]


def _remark(one: UsedName, missing: Missing) -> Remark:
    need = one.need
    kind = need.kind.replace("_", " ")
    if missing.dismissed:
        return Remark(one.path, f"the {kind} «{need.name}» is switched off in the CRM", DISMISSED, Weight.CONFIG)
    owner = "field" if kind.endswith("option") else "pipeline"
    where = f" in {owner} «{need.within}»" if need.within else ""
    hint = did_you_mean(need.name, missing.known) if missing.known else ""
    return Remark(one.path, f"the CRM has no {kind} «{need.name}»{where}", hint, Weight.CONFIG)
