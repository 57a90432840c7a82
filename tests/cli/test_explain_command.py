"""«Где моя заявка?»: what a support engineer reads in the story of an event."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cli.explain import explain
from provodka.channel import Part, came_again
from provodka.journal import ActionState, DeadReason, Journal, PlanRecord, SettledTimer
from provodka.payloads import CrmHint, EventType, Person, Unreadable
from provodka.turns import Turn
from rules.plan import ConditionTrace, RuleOutcome, RuleTrace
from tests.cli.playing import EMAIL, NAME, PHONE, RULE, Clock, House, Seen, action, call, matched, payload, timer


def test_an_unknown_id_ends_with_1_and_says_where_to_look(journal: Journal, seen: Seen) -> None:
    assert explain(journal, "deadbeef", seen.view()) == 1
    assert "no event has an id like «deadbeef»; see provodka events ls" in seen.error


def test_something_that_is_no_id_no_phone_and_no_email_ends_with_2(journal: Journal, seen: Seen) -> None:
    assert explain(journal, "вчера", seen.view()) == 2
    assert "no id of an event, no phone, no email" in seen.error


def test_an_ambiguous_beginning_of_an_id_names_the_candidates(journal: Journal, house: House, seen: Seen) -> None:
    first, second = house.event("1"), house.event("2")
    assert explain(journal, first.id[:12], seen.view()) == 2
    assert first.id in seen.error
    assert second.id in seen.error


@pytest.mark.parametrize("piece", [slice(None), slice(0, 14), slice(-6, None)])
def test_an_event_is_found_by_its_id_and_by_its_beginning_or_end(
    journal: Journal, house: House, clock: Clock, seen: Seen, piece: slice
) -> None:
    house.event("other")
    clock.forward(hours=1)
    event = house.event("1")
    assert explain(journal, event.id[piece], seen.view()) == 0
    seen.has(f"event {event.id} form.submitted by site, received")


def test_times_are_on_the_clients_clocks_with_both_lags(journal: Journal, house: House, seen: Seen) -> None:
    event = house.planned()
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("happened 2026-03-02 11:59:58, received 2.0 s later")
    seen.has("received 2026-03-02 12:00:00, planned 3.0 s later (times are Europe/Moscow)")


def test_an_event_that_is_not_planned_yet_is_explained_too(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("received 2026-03-02 12:00:00, not planned yet")


def test_an_event_that_broke_the_rules_names_the_error_and_the_command(
    journal: Journal, house: House, seen: Seen
) -> None:
    event = house.event()
    (stored,) = journal.claim_events(1)
    journal.fail_event(stored.seq, "RuleError: нет поля utm.sourse")
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("failed", "the rules could not plan it", "RuleError: нет поля utm.sourse", f"provodka replay {event.id}")


def test_every_condition_shows_both_values_whether_it_matched_or_not(
    journal: Journal, house: House, seen: Seen
) -> None:
    event = house.event()
    yes = ConditionTrace("utm.source", "is", "yandex", "yandex", True)
    no = ConditionTrace("form.name", "contains", "Акция", "Замер", False)
    unread = ConditionTrace("person.known", "is", True, note="the others have decided already")
    group = ConditionTrace("any", "any", matched=False, parts=(no,))
    house.plan(
        event,
        matched(event, yes),
        RuleTrace("Акция", RuleOutcome.NOT_MATCHED, (group, unread)),
        actions=house.usual(event),
    )
    assert explain(journal, event.id, seen.view()) == 0
    seen.has(f"rule «{RULE}»: matched, actions 1, 2", "✓ utm.source is «yandex»: yes, it is «yandex»")
    seen.has("rule «Акция»: not_matched", "✗ any: no", "✗ form.name contains «Акция»: no, it is «Замер»")
    seen.has("· person.known: not evaluated (the others have decided already)")


def test_rules_of_other_events_share_one_line_and_rules_of_other_channels_keep_theirs(
    journal: Journal, house: House, seen: Seen
) -> None:
    event = house.event()
    other = RuleOutcome.OTHER_TRIGGER
    rules = [RuleTrace(name, other) for name in ("Звонок", "Ещё звонок")]
    elsewhere = RuleTrace("Заявка с лендинга", other, reason="listens to landing, not to site")
    house.plan(event, *rules, elsewhere, actions=())
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("rule «Заявка с лендинга»: other_trigger, listens to landing, not to site")
    seen.has("2 rules for other events: «Звонок», «Ещё звонок»")
    seen.has("no actions follow from it")


def test_facts_that_were_read_are_shown_and_unknown_ones_said(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    lead = {"id": "17", "title": "Сайт", "stage": "Новый лид"}
    house.plan(event, actions=(), facts={"person.contact": None, "lead": lead})
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("read from outside: person.contact = nobody knows of one", "read from outside: lead = ", "Новый лид")


def test_a_rule_that_failed_shows_its_error(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    house.plan(event, RuleTrace(RULE, RuleOutcome.ERROR, error="UndefinedError: 'form' has no 'nane'"), actions=())
    assert explain(journal, event.id, seen.view()) == 0
    seen.has(f"rule «{RULE}»: error", "UndefinedError: 'form' has no 'nane'")


def test_a_done_action_tells_lead_address_choice_and_every_call(journal: Journal, house: House, seen: Seen) -> None:
    event = house.planned()
    chosen = Turn("anna", "round robin: turn 1 of [anna, ivan]")
    journal.take_turns("новые заявки", [house.usual(event)[0].key], lambda _: chosen)
    url = "https://krovlya.amocrm.ru/leads/detail/17"
    values = {"lead_id": "17", "contact_id": "5", "created": "yes", "responsible": "anna", "url": url}
    made = json.dumps({"remote_id": "17", **values})
    house.attempt(
        outcome="retryable",
        state=ActionState.READY,
        error="bad gateway [502]",
        calls=(call("/api/v4/contacts", 502, error_kind="retryable", answer_summary="<h1>Bad Gateway</h1>"),),
    )
    house.attempt(
        outcome="done",
        state=ActionState.DONE,
        result=made,
        calls=(call("/api/v4/contacts", 204), call("/api/v4/leads/complex")),
    )
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("action 1 intake", f"of rule «{RULE}», done")
    seen.has("parameters: ", "pipeline: Кровля", 'tags: ["сайт"]')
    seen.has("chosen by round robin: turn 1 of [anna, ivan]")
    seen.has(f"result: lead 17 (new), {url}, contact_id: 5; responsible: anna")
    seen.has("attempt 1 at 2026-03-02 12:00:03, 250 ms: retryable, bad gateway [502]")
    seen.has("POST /api/v4/contacts → 502 retryable, 84.5 ms", "answered: <h1>Bad Gateway</h1>")
    seen.has("attempt 2 at ", "POST /api/v4/contacts → 204, 84.5 ms", "POST /api/v4/leads/complex → 200, 84.5 ms")


def test_a_call_without_an_answer_says_so(journal: Journal, house: House, seen: Seen) -> None:
    event = house.planned()
    house.attempt(
        outcome="ambiguous",
        state=ActionState.READY,
        error="read timeout",
        unsure_since=house.clock(),
        calls=(call("/api/v4/leads/complex", None, error_kind="ambiguous"),),
    )
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("whether an earlier attempt was carried out is not known", "→ no answer ambiguous, 84.5 ms")


def test_a_rejected_action_tells_the_other_sides_words_hint_and_next_command(
    journal: Journal, house: House, seen: Seen
) -> None:
    event = house.planned()
    house.dead(DeadReason.REJECTED)
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("rejected: нет такого этапа [400 NotSupportedChoice]", "hint: Проверьте название этапа в правиле")
    seen.has("next: provodka resend 1")
    seen.has("action 2 task", "waits for the result of action 1 (intake), which is dead: settle that one first")


def test_an_unknown_outcome_offers_to_resolve_it_either_way(journal: Journal, house: House, seen: Seen) -> None:
    event = house.planned()
    house.dead(DeadReason.OUTCOME_UNKNOWN, unsure_since=house.clock())
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("may have been carried out at 2026-03-02 12:00:03 or later")
    seen.has("next: provodka resolve 1 --done --lead ID --contact ID", "next: provodka resolve 1 --not-done")


def test_an_action_to_be_tried_again_says_when_and_held_accounts_why(
    journal: Journal, house: House, seen: Seen
) -> None:
    event = house.planned()
    again = house.clock() + timedelta(minutes=5)
    house.attempt(outcome="retryable", state=ActionState.READY, error="503", not_before=again)
    journal.store.hold("amocrm:krovlya", 600, "слишком часто")
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("waits until 2026-03-02 12:05:03 to be tried again")
    seen.has("account amocrm:krovlya is held until 2026-03-02 12:10:03: слишком часто")


def test_a_later_action_of_the_same_person_names_the_one_that_goes_before(
    journal: Journal, house: House, seen: Seen
) -> None:
    house.planned("1")
    event = house.event("2")
    house.plan(event, actions=(action(event, 0, "note", {"text": "ещё"}),))
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("waits for action 1, which goes before it in the same lane")


def test_a_timer_says_until_when_it_waits_and_its_plan_comes_with_its_cause(
    journal: Journal, house: House, clock: Clock, seen: Seen
) -> None:
    event = house.event()
    due = clock() + timedelta(minutes=15)
    rule = "Лид не взят"
    house.plan(event, RuleTrace(rule, RuleOutcome.WAITING, reason="until then"), actions=(timer(event, rule, due),))
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("plan 1, cause event", f"rule «{rule}»: waiting", "action 1 timer", "waits until 2026-03-02 12:15:00")
    clock.forward(minutes=16)
    (due_now,) = journal.due_timers(10)
    trace = '{"at": "2026-03-02T09:16:00Z", "rules": [{"rule": "Лид не взят", "outcome": "not_matched"}]}'
    journal.settle_timers([SettledTimer(due_now.id, PlanRecord(due_now.event_seq, 1, "timer", trace))])
    later = Seen()
    assert explain(journal, event.id, later.view()) == 0
    later.has("plan 2, cause timer, at 2026-03-02 12:16:03", f"rule «{rule}»: not_matched", "timer", "done")


def test_a_hint_of_the_crm_tells_which_events_it_turned_out_to_be(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event(type=EventType.CRM_HINT, payload=CrmHint(("lead:17",)), person=Person(), channel="crm")
    (stored,) = journal.claim_events(1)
    trace = '{"at": "2026-03-02T09:00:00Z", "hint": ["lead:17"], "found": [{"type": "lead.won", "id": "abc"}]}'
    journal.write_plans([PlanRecord(stored.seq, stored.seq, "event", trace)])
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("a hint that these changed: lead:17", "found by comparing: lead.won (event abc)")


def test_a_trace_of_another_version_does_not_stop_the_story(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    (stored,) = journal.claim_events(1)
    journal.write_plans([PlanRecord(stored.seq, stored.seq, "event", '{"new": "shape"}', house.usual(event))])
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("its trace cannot be read by this version", "action 1 intake")


@pytest.mark.parametrize("wanted", ["8 (916) 000-11-22", "+7 916 000 11 22", "9160001122", " Maria@Example.test "])
@pytest.mark.shows("S0-14")
def test_a_person_is_found_by_a_phone_in_any_form_or_an_email(
    journal: Journal, house: House, clock: Clock, seen: Seen, wanted: str
) -> None:
    first = house.planned("1")
    clock.forward(hours=1)
    second = house.planned("2")
    assert explain(journal, wanted, seen.view()) == 0
    seen.has(second.id, first.id)  # the list, newest first
    seen.has(f"event {second.id}", "parameters: ")
    assert f"event {first.id}" not in seen.text
    seen.has("1 earlier in short above; in full: --all")
    seen.is_masked()


def test_all_tells_every_event_of_the_person_in_full(journal: Journal, house: House, seen: Seen) -> None:
    first, second = house.planned("1"), house.planned("2")
    assert explain(journal, PHONE, seen.view(), everything=True) == 0
    seen.has(f"event {second.id}", f"event {first.id}")


def test_an_event_of_another_channel_is_found_by_what_joined_the_two(
    journal: Journal, house: House, seen: Seen
) -> None:
    house.planned("form")
    letter = house.planned("letter", person=Person(emails=(EMAIL,)), channel="mail")
    assert explain(journal, PHONE, seen.view()) == 0
    seen.has(letter.id)


def test_what_still_lies_in_the_inbox_is_found_by_phone(journal: Journal, house: House, seen: Seen) -> None:
    planned = house.planned("1")
    waiting = house.event("2")
    assert explain(journal, PHONE, seen.view()) == 0
    seen.has(waiting.id, planned.id, f"event {waiting.id}", "not planned yet")


@pytest.mark.parametrize("wanted", ["lead:17", "https://krovlya.amocrm.ru/leads/detail/17"])
@pytest.mark.shows("S0-14")
def test_a_lead_of_the_crm_leads_back_to_its_event(journal: Journal, house: House, seen: Seen, wanted: str) -> None:
    event = house.planned()
    house.attempt(outcome="done", state=ActionState.DONE, result='{"lead_id": "17"}', identities=("lead:17",))
    assert explain(journal, wanted, seen.view()) == 0
    seen.has(event.id)


def test_nobody_found_by_phone_points_to_the_channels_and_to_what_could_not_be_read(
    journal: Journal, house: House, seen: Seen
) -> None:
    house.event(type=EventType.UNREADABLE, payload=Unreadable(why="no JSON"), person=Person())
    assert explain(journal, "+7 999 000-00-00", seen.view()) == 1
    assert "no event carries the phone" in seen.error
    assert "provodka status tells when each channel was last heard of" in seen.error
    assert "could not be read: 1 (provodka events ls --type unreadable)" in seen.error
    assert "999 000-00-00" not in seen.error


def test_personal_data_is_masked_everywhere_unless_opened(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event(payload=payload(fields={"Телефон жены": "8 916 000-33-44"}))
    phone = ConditionTrace("person.phone", "exists", True, PHONE, True)
    name = ConditionTrace("person.name", "is", "Пётр", NAME, False)
    house.plan(
        event,
        matched(event, phone, name),
        actions=house.usual(event),
        facts={"person.contact": {"id": "5", "name": "Мария Ивановна Иванова"}},
    )
    house.dead(DeadReason.REJECTED, f"contact {EMAIL} exists", calls=(call(f"/api/v4/contacts?query={PHONE}"),))
    assert explain(journal, event.id, seen.view()) == 0
    seen.is_masked()
    assert "Мария Ивановна" not in seen.text
    seen.has("person: М•••, +7916•••1122#", "m•••@e•••.test#")
    opened = Seen()
    assert explain(journal, event.id, opened.view(opened=True)) == 0
    opened.has(f"person: {NAME}, {PHONE}, {EMAIL}", f"it is «{PHONE}»", f"contact {EMAIL} exists")


def test_json_has_the_whole_story_in_a_stable_shape_and_masked(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    house.plan(
        event, matched(event, ConditionTrace("utm.source", "is", "google", "yandex", False)), actions=house.usual(event)
    )
    house.attempt(outcome="done", state=ActionState.DONE, result='{"lead_id": "17"}', calls=(call("/api/v4/leads"),))
    assert explain(journal, PHONE, seen.view(as_json=True)) == 0
    document = seen.json
    assert set(document) == {"wanted", "found_by", "events", "stories"}
    assert document["found_by"] == "phone"
    assert [line["id"] for line in document["events"]] == [event.id]
    (story,) = document["stories"]
    assert story["event"]["received_at"] == "2026-03-02T09:00:00Z"
    assert story["event"]["person"]["name"] == "М•••"
    (plan,) = story["plans"]
    (condition,) = plan["rules"][0]["conditions"]
    assert (condition["expected"], condition["actual"], condition["matched"]) == ("google", "yandex", False)
    assert plan["rules"][0]["actions"] == [1, 2]
    intake, task = story["actions"]
    assert (intake["state"], intake["result"]) == ("done", {"lead_id": "17"})
    assert (task["needs"], task["state"]) == (1, "ready")
    (attempt,) = intake["attempts"]
    assert attempt["milliseconds"] == 250
    assert attempt["calls"][0]["path"] == "/api/v4/leads"
    seen.is_masked()


def test_json_of_nobody_is_an_empty_document_with_exit_code_1(journal: Journal, seen: Seen) -> None:
    assert explain(journal, "+79990000000", seen.view(as_json=True)) == 1
    assert seen.json["events"] == seen.json["stories"] == []


def test_what_a_sender_wrote_cannot_command_the_terminal(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    house.plan(event, actions=(action(event, 0, "note", {"text": "\x1b[2J\x9b31m[bold]ку:smile:\u202e"}),))
    assert explain(journal, event.id, seen.view()) == 0
    assert not {"\x1b", "\x9b", "\u202e"} & set(seen.text)
    seen.has("[bold]ку:smile:")
    as_json = Seen()
    assert explain(journal, event.id, as_json.view(as_json=True)) == 0
    assert not {"\x1b", "\x9b", "\u202e"} & set(as_json.text)
    assert as_json.json["stories"][0]["actions"][0]["params"]["text"].startswith("\x1b[2J\x9b")


def test_a_delivery_that_came_again_is_counted_and_told(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    journal.accept(
        [],
        channel="site",
        parts=[Part(came_again(event.external_id), f"2026-03-02T09:00:0{n}+00:00", "") for n in (3, 6)],
    )
    assert explain(journal, event.id, seen.view()) == 0
    seen.has("the same delivery came 2 times more, last 2026-03-02 12:00:06: a repeat, nothing follows")


def test_an_answer_that_names_somebody_else_shows_no_name(journal: Journal, house: House, seen: Seen) -> None:
    event = house.planned()
    found = {"contacts": [{"id": 7, "name": "Семён Ильин"}]}
    text = '{"first_name": "Семён'
    house.dead(
        DeadReason.REJECTED,
        calls=tuple(call("/a", 400, error_kind="rejected", answer_summary=one) for one in (found, text)),
    )
    for as_json in (False, True):
        explain(journal, event.id, seen.view(as_json=as_json))
        assert "first_name" in seen.text
        assert "Семён" not in seen.text
