"""A person mends what Provodka gave up: send again, or settle what is not known."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cli.mend import Chosen, resend, resolve
from provodka.journal import ActionState, DeadReason, Journal, queries
from support.mending import Settlement
from tests.cli.playing import House, Seen, action

StateOf = Callable[[int], ActionState]
DEAD, READY, WAITING, DONE = ActionState.DEAD, ActionState.READY, ActionState.WAITING, ActionState.DONE


def never(_question: str) -> bool:
    raise AssertionError("nobody is to be asked")


@pytest.fixture
def three(house: House) -> list[int]:
    """Dead ones: rejected, exhausted, of unknown outcome."""
    ids = []
    for number, reason in enumerate(DeadReason):
        house.planned(str(number))
        ids.append(house.dead(reason, unsure_since=house.clock() if reason is DeadReason.OUTCOME_UNKNOWN else None))
    return ids


def test_a_dead_action_is_sent_again(journal: Journal, three: list[int], seen: Seen, state_of: StateOf) -> None:
    assert resend(journal, Chosen(ids=three[:1]), seen.view(), confirm=never) == 0
    seen.has(str(three[0]), "intake", "Заявка с сайта", "rejected", "1 sent again")
    assert [state_of(id_) for id_ in three] == [READY, DEAD, DEAD]


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(
    journal: Journal, three: list[int], seen: Seen, state_of: StateOf
) -> None:
    assert resend(journal, Chosen(all_dead=True), seen.view(), confirm=never, dry_run=True) == 0
    seen.has("3 would be sent again (dry run: nothing was done)")
    assert [state_of(id_) for id_ in three] == [DEAD, DEAD, DEAD]


def test_all_dead_ones_of_a_reason_are_sent_again_and_the_others_stay(
    journal: Journal, three: list[int], seen: Seen, state_of: StateOf
) -> None:
    assert resend(journal, Chosen(all_dead=True, reason="exhausted"), seen.view(), confirm=never) == 0
    assert [state_of(id_) for id_ in three] == [DEAD, READY, DEAD]


def test_an_unknown_outcome_is_sent_again_only_after_a_yes_that_knows_of_the_stamp(
    journal: Journal, three: list[int], seen: Seen, state_of: StateOf
) -> None:
    questions: list[str] = []

    def yes(question: str) -> bool:
        questions.append(question)
        return True

    assert resend(journal, Chosen(ids=[three[2]]), seen.view(), confirm=yes) == 0
    assert state_of(three[2]) is READY
    (question,) = questions
    assert "may have been carried out already" in question
    assert "the stamp is looked for first" in question
    found = journal.read(lambda c: queries.action_by_id(c, three[2]))
    assert found is not None
    assert found.unsure_since is not None, "the doubt stays, so that the stamp is looked for"


def test_after_a_no_the_unknown_ones_stay_and_the_others_go(
    journal: Journal, three: list[int], seen: Seen, state_of: StateOf
) -> None:
    assert resend(journal, Chosen(all_dead=True), seen.view(), confirm=lambda _: False) == 1
    assert [state_of(id_) for id_ in three] == [READY, READY, DEAD]
    assert f"action {three[2]} is left: its outcome is unknown, and the answer was no" in seen.error


def test_the_dead_ones_of_an_event_are_sent_again(
    journal: Journal, house: House, three: list[int], seen: Seen, state_of: StateOf
) -> None:
    event = house.planned("more")
    mine = house.dead(DeadReason.REJECTED)
    assert resend(journal, Chosen(event=event.id), seen.view(as_json=True), confirm=never) == 0
    assert seen.json["dry_run"] is False
    assert [(a["id"], a["event"], a["reason"]) for a in seen.json["sent"]] == [(mine, event.id, "rejected")]
    assert (state_of(mine), state_of(three[0])) == (READY, DEAD)


def test_what_is_not_dead_or_not_there_is_left_and_named(
    journal: Journal, house: House, seen: Seen, state_of: StateOf
) -> None:
    house.planned()
    done = house.done(lead_id="17")
    assert resend(journal, Chosen(ids=[done, 99]), seen.view(), confirm=never) == 1
    assert f"action {done} is left: it is done" in seen.error
    assert "action 99 is left: there is no such action" in seen.error
    assert state_of(done) is DONE


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (Chosen(), "in one way"),
        (Chosen(ids=[1], all_dead=True), "in one way"),
        (Chosen(ids=[1], reason="rejected"), "--reason goes with --all-dead"),
        (Chosen(all_dead=True, reason="outcome_unknown"), "known: exhausted, rejected"),
    ],
)
def test_an_unclear_choice_ends_with_2(journal: Journal, seen: Seen, chosen: Chosen, words: str) -> None:
    assert resend(journal, chosen, seen.view(), confirm=never) == 2
    assert words in seen.error


def test_an_unknown_event_ends_with_1(journal: Journal, seen: Seen) -> None:
    assert resend(journal, Chosen(event="0123456789ab"), seen.view(), confirm=never) == 1
    assert "there is no such event" in seen.error


@pytest.fixture
def unknown(house: House, journal: Journal) -> int:
    """An intake of unknown outcome that had decided whom to give the lead to; a task waits for it."""
    event = house.planned()
    key = house.usual(event)[0].key
    journal.freeze({key: json.dumps({"told": {"created": "yes", "responsible": "anna", "contact_id": ""}})})
    return house.dead(DeadReason.OUTCOME_UNKNOWN, "read timeout", unsure_since=house.clock())


def test_what_was_done_is_settled_with_its_ids_and_releases_what_waited(
    journal: Journal, unknown: int, seen: Seen, state_of: StateOf
) -> None:
    settled = Settlement(done=True, lead="https://krovlya.amocrm.ru/leads/detail/17", contact="5")
    assert resolve(journal, unknown, settled, seen.view()) == 0
    seen.has(f"action {unknown} (intake) is settled as done: lead 17 (new)", "contact_id: 5")
    seen.has(f"releases what waited for it: {unknown + 1}")
    assert (state_of(unknown), state_of(unknown + 1)) == (DONE, READY)
    (task,) = journal.claim_actions(1)
    assert json.loads(task.needed or "") == {
        "created": "yes",
        "responsible": "anna",
        "reason": "settled by a person",
        "contact_id": "5",
        "lead_id": "17",
        "remote_id": "17",
    }


def test_what_was_not_done_is_sent_once_more_without_doubt(
    journal: Journal, unknown: int, seen: Seen, state_of: StateOf
) -> None:
    assert resolve(journal, unknown, Settlement(not_done=True), seen.view()) == 0
    seen.has("is sent once more, since it was not done")
    assert (state_of(unknown), state_of(unknown + 1)) == (READY, WAITING)
    (claimed,) = journal.claim_actions(1)
    assert (claimed.id, claimed.unsure_since) == (unknown, None)


def test_a_dry_run_settles_nothing(journal: Journal, unknown: int, seen: Seen, state_of: StateOf) -> None:
    assert resolve(journal, unknown, Settlement(done=True, lead="17"), seen.view(as_json=True), dry_run=True) == 0
    assert seen.json["dry_run"] is True
    assert seen.json["result"]["lead_id"] == "17"
    assert seen.json["released"] == [unknown + 1]
    assert (state_of(unknown), state_of(unknown + 1)) == (DEAD, WAITING)


def test_a_task_is_named_by_its_remote_id(journal: Journal, house: House, seen: Seen, state_of: StateOf) -> None:
    event = house.event()
    house.plan(event, actions=(action(event, 0, "task", {"text": "Позвонить"}),))
    task = house.dead(DeadReason.OUTCOME_UNKNOWN)
    assert resolve(journal, task, Settlement(done=True, lead="17"), seen.view()) == 2
    assert "a task is named by --remote" in seen.error
    assert resolve(journal, task, Settlement(done=True, remote="300"), seen.view()) == 0
    assert state_of(task) is DONE


@pytest.mark.parametrize(
    ("settled", "words"),
    [
        (Settlement(), "either --done or --not-done"),
        (Settlement(done=True, not_done=True), "either --done or --not-done"),
        (Settlement(not_done=True, lead="17"), "go with --done"),
        (Settlement(done=True), "give --lead ID"),
        (Settlement(done=True, remote="17"), "not by --remote"),
    ],
)
def test_options_that_do_not_fit_end_with_2_and_settle_nothing(
    journal: Journal, unknown: int, seen: Seen, state_of: StateOf, settled: Settlement, words: str
) -> None:
    assert resolve(journal, unknown, settled, seen.view()) == 2
    assert words in seen.error
    assert state_of(unknown) is DEAD


def test_only_an_unknown_outcome_can_be_settled(
    journal: Journal, three: list[int], seen: Seen, state_of: StateOf
) -> None:
    assert resolve(journal, three[0], Settlement(not_done=True), seen.view()) == 1
    assert f"action {three[0]} has no unknown outcome: it is dead rejected" in seen.error
    assert resolve(journal, 99, Settlement(not_done=True), seen.view()) == 1
    assert "there is no such action" in seen.error
    assert state_of(three[0]) is DEAD
