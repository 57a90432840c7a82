"""The first page: one box that finds a person's story."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import phonenumbers
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provodka.journal import numbering
from provodka.journal.numbering import Numbered
from support.diagnosis import What
from support.find import Understood, understand
from support.timeline import Entry, Step, Timeline, entries, needs_a_look, timeline
from support.unheard import unheard
from webhooks.console import names
from webhooks.console.access import masks, parts, row_number
from webhooks.console.causes import Cause, cause_of
from webhooks.console.troubles import nearness, words_of
from webhooks.console.words import gettext, span

LOOK: Final = 6
TOLD: Final = 10
_SILENT: Final = frozenset({"smtp"})  # they bring nothing by their nature


def blueprint() -> Blueprint:
    """`/console/`: `?q=` is what was typed, `?person=` a lane that was chosen, `&before=` where a page begins."""
    pages = Blueprint("search", __name__)

    @pages.app_template_global()
    def event_url(id_: str) -> str:
        return url_for("events.event", id_=id_)

    pages.add_app_template_global(names.event_title, "event_title")
    pages.add_app_template_global(names.action_title, "action_title")
    pages.add_app_template_global(names.state_words, "state_words")
    pages.add_app_template_global(names.state_tone, "state_tone")
    pages.add_app_template_global(names.reason_words, "reason_words")
    pages.add_app_template_global(lambda one: parts().lead_url(one), "lead_url")
    pages.add_app_template_global(led_to, "led_to")
    pages.add_app_template_global(cause_of, "cause_of")

    @pages.get("/")
    def page() -> ResponseReturnValue:
        wanted = request.args.get("q", "").strip()[:400]
        before = request.args.get("before", type=row_number)
        person = request.args.get("person", type=row_number)
        if person is not None:
            return _story(person, "", before, {"person": person})
        if not wanted:
            return render_template("search.html", look=needs_a_look(parts().journal, masks(), LOOK))
        found = understand(parts().journal, wanted)
        if found.event is not None:
            return redirect(event_url(found.event.event.id))
        if found.is_known and not found.people:
            return _story(found.lane, found.is_known, before, {"q": wanted})
        if found.numbers and not found.people:
            return _story(found.lane, "", before, {"q": wanted}, number_words(found.numbers[0]))
        if len(found.people) == 1 and not found.many and not found.numbers:
            return _story(found.people[0].lane, "", before, {"q": wanted})
        if found.people or found.alike:
            shown = [(one, masks().of([one.person]).person(one.person)) for one in found.people]
            return render_template("search_choose.html", found=found, people=shown, known_by=_known_by(found))
        return _nothing(found, wanted)

    return pages


def _story(
    lane: int | None, who: str, before: int | None, again: dict[str, Any], title: str = ""
) -> ResponseReturnValue:
    story = timeline(
        parts().journal, masks(f"person:{lane}" if lane is not None else ""), lane=lane, who=who, before=before
    )
    if not story.entries:
        return abort(404) if "person" in again else _nothing(Understood(), "")
    earlier = url_for("search.page", before=story.earlier, **again) if story.earlier else ""
    newest = url_for("search.page", **again) if before else ""
    people = [one.person for one in story.entries if str(one.person)]
    person = next((one for one in people if one.name), people[0] if people else None)
    return render_template(
        "search_story.html",
        story=story,
        lane=lane,
        who=identity_words(who) if who else title,
        person=person,
        earlier=earlier,
        newest=newest,
        leads=_leads(story.entries),
        told=_told(story),
        reused=_reused(story.entries),
        most_told=TOLD,
    )


def _told(story: Timeline) -> list[Entry]:
    """The entries of the page that something is to be said of, and those of the whole story that need a person, which
    go first. What is the same of many of them is not said here, see `_reused`."""
    bad = {one.seq: _without_reuse(one) for one in (*story.bad, *story.entries) if one.is_bad}
    rest = [one for one in map(_without_reuse, story.entries) if one.findings and one.seq not in bad]
    return [*(bad[seq] for seq in sorted(bad, reverse=True)), *rest][:TOLD]


def _without_reuse(one: Entry) -> Entry:
    return replace(one, findings=tuple(found for found in one.findings if found.what is not What.REUSED))


def _reused(some: tuple[Entry, ...]) -> dict[str, tuple[Cause, str, list[Entry]]]:
    """By the open lead that entries went into, why there is no new one, the address of the lead, and the entries."""
    found: dict[str, tuple[Cause, str, list[Entry]]] = {}
    for one in some:
        for finding in one.findings:
            if finding.what is What.REUSED:
                lead = finding.told["lead"]
                found.setdefault(lead, (cause_of(finding), parts().lead_url(lead), []))[2].append(one)
    return found


def _leads(some: tuple[Entry, ...]) -> dict[str, str]:
    """The cards that the entries led to, with their addresses, the newest first."""
    found: dict[str, str] = {}
    for step in (step for one in some for step in one.steps if step.lead):
        found.setdefault(step.lead, step.url or parts().lead_url(step.lead))
    return found


def _known_by(found: Understood) -> dict[int, list[str]]:
    """By lane, what the text may mean of whoever it is: «счёт КР00-000123»."""
    told: dict[int, list[str]] = {}
    if found.is_known and found.lane is not None:
        told[found.lane] = [identity_words(found.is_known)]
    for one in found.numbers:
        told.setdefault(one.lane, []).append(number_words(one))
    return told


def _nothing(found: Understood, wanted: str) -> tuple[str, int]:
    """Not in the journal: what may have kept it from coming there."""
    taken = [identity_words(one) for one in found.who]
    if found.name:
        taken.append(gettext("имя «%s»") % wanted)
    if found.number:
        taken.append(gettext("счёт, заказ или платёж «%s»") % wanted)
    found_instead = unheard(parts().journal, [name for name, kind in parts().channels.items() if kind not in _SILENT])
    return render_template(
        "search_nothing.html",
        taken=taken,
        unheard=found_instead,
        troubles=[(one, words_of(one)) for one in sorted(found_instead.troubles, key=nearness)],
        strange=entries(parts().journal, found_instead.nameless, masks()),
        mask=masks().of(),
    ), 404


def identity_words(identity: str) -> str:
    """What a text was taken for: «телефон +7 916 000-11-22»."""
    kind, _, value = identity.partition(":")
    if kind == "phone":
        number = phonenumbers.parse(value)
        value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        value = value.replace(" ", "\N{NO-BREAK SPACE}")
    said = {
        "phone": gettext("телефон %s"),
        "email": gettext("почта %s"),
        "lead": gettext("сделка или лид № %s"),
        "contact": gettext("контакт № %s"),
        "company": gettext("компания № %s"),
    }
    return said[kind] % value


def number_words(one: Numbered) -> str:
    """What a number is of: «счёт КР00-000123»."""
    said = {
        numbering.INVOICE: gettext("счёт %s"),
        numbering.ORDER: gettext("заказ %s"),
        numbering.PAYMENT: gettext("платёж %s"),
        numbering.SHIPMENT: gettext("отгрузка %s"),
        numbering.REQUEST: gettext("заявка партнёра %s"),
    }
    return said[one.kind] % masks().of().text(one.number)  # somebody may have given a phone as their number


def led_to(step: Step) -> str:
    """What an action has come to, in one line: «лид создан за 0,8 с, ответственный anna»."""
    after = span(step.seconds) if step.seconds is not None else ""
    what = f" «{step.what}»" if step.what else ""
    if step.state != "done":
        return f"{names.action_title(step.kind)}{what}: {names.state_words(step.state)}"
    if step.kind in ("intake", "create") and step.lead:
        reused = gettext("Взят открытый лид № %(lead)s за %(after)s") % {"lead": step.lead, "after": after}
        told = gettext("Лид создан за %s") % after if step.is_new else reused
        return told + (gettext(", ответственный %s") % step.responsible if step.responsible else "")
    done = gettext("сделано за %s") % after if after else names.state_words(step.state)
    return f"{names.action_title(step.kind)}{what}: {done}"
