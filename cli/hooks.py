"""How the CRM tells us of changes: at `<server.public_url>/hooks/crm/<secret>`, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import structlog

from provodka.journal import Journal, queries
from provodka.readiness import AccountSetup, HookState

log = structlog.get_logger("hooks")

CRM_CHANNEL: Final = "crm"  # the address of the CRM's own hooks: /hooks/crm/<secret>
WARNING: Final = "crm:hooks"  # cursor: what `status` says of them, empty when all is well

NO_HOOK: Final = (
    "Об изменениях в CRM Provodka узнаёт раз в минуту. Чтобы CRM сообщала сама: crm.hook_secret (длинная случайная "
    "строка), server.public_url и provodka connect."
)
NO_ADDRESS: Final = (
    "Впишите server.public_url (адрес, по которому Provodka видна снаружи) и запустите provodka connect."
)
CONNECT: Final = "Запустите provodka connect: он зарегистрирует вебхук и проверит, что события доходят."
FORMER: Final = "provodka connect снимет прежний адрес."
_STATES: Final = {
    HookState.MISSING: "the CRM does not send its hints to us",
    HookState.INCOMPLETE: "the CRM does not tell of everything, it lacks",
    HookState.DISABLED: "the CRM has switched our webhook off, as after many bad answers",
    HookState.UNKNOWN: "no hint has come from the CRM yet",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the hooks, and the cure in Russian. `optional`: the config asks for none."""

    text: str
    cure: str
    optional: bool = False


def destination(crm: Any, public_url: str | None) -> str:  # noqa: ANN401 -- the settings of a CRM
    """The address with its secret; empty where the config lacks one of the two."""
    if crm is None or crm.hook_secret is None or not public_url:
        return ""
    return f"{public_url}/hooks/{CRM_CHANNEL}/{crm.hook_secret.get_secret_value()}"


def faults(crm: Any, public_url: str | None, setup: AccountSetup, journal: Journal) -> list[Fault]:  # noqa: ANN401
    """Whether hints come to our address. An account that cannot be asked has proved it by an earlier hint."""
    if crm.hook_secret is None:
        return [Fault("there is no hook_secret, so the CRM cannot tell of changes", NO_HOOK, optional=True)]
    hooks = setup.hooks(destination(crm, public_url))
    found = []
    if hooks.former:
        found.append(Fault(f"the CRM still sends its hints to {len(hooks.former)} former address(es) of ours", FORMER))
    if hooks.state is HookState.REGISTERED or (hooks.state is HookState.UNKNOWN and has_hints(journal)):
        return found
    text = f"{_STATES[hooks.state]} {', '.join(hooks.lacking) if hooks.state is HookState.INCOMPLETE else ''}".strip()
    if not public_url:
        text += ", and server.public_url does not tell our address"
    return [*found, Fault(text, hooks.by_hand or (CONNECT if public_url else NO_ADDRESS))]


def has_hints(journal: Journal) -> bool:
    return any(row[0] == CRM_CHANNEL for row in journal.read(queries.last_by_channel))


def warn(crm: Any, public_url: str | None, setup: AccountSetup, journal: Journal) -> None:  # noqa: ANN401
    """Remember for `status` how the hooks are, and log what is wrong with them: without them we look once a minute."""
    found = faults(crm, public_url, setup, journal)
    for fault in found:
        log.warning("crm.hooks", cause=fault.text, cure=fault.cure)
    said = "; ".join(f"{fault.text}. {fault.cure}" for fault in found)
    if said != (journal.cursor(WARNING) or ""):
        journal.accept((), cursors={WARNING: said})
