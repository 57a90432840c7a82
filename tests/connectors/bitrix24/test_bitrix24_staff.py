"""Files, staff and what the running portal does by itself."""

import hashlib
from datetime import UTC, datetime

import pytest

from provodka.crm import BotStart, CardKind, CardRef, Need, NewFile, NewNote, NoticeForm, Presence, StaffNotice
from provodka.errors import Ambiguous, OutcomeUnknownError, Rejected
from provodka.operation import Done
from provodka.payloads import Attachment

PDF = b"%PDF-1.4 " + bytes(range(256))
DUE = datetime(2096, 12, 1, 9, 0, tzinfo=UTC)
ANNA, IVAN, CHIEF = "anna@krovlya.ru", "ivan@krovlya.ru", "rop@krovlya.ru"


def card(lead, kind=CardKind.LEAD):
    return CardRef(kind, lead)


@pytest.fixture
def file(store):
    sha256 = hashlib.sha256(PDF).hexdigest()
    store.blobs[sha256] = PDF
    return Attachment("Смета.pdf", "application/pdf", len(PDF), sha256)


def test_a_file_hangs_on_its_card_and_can_be_fetched_from_there(crm, desk, ask, file):
    lead, firm = desk.lead(), str(desk.rest("crm.company.add", fields={"TITLE": "Ромашка"}))
    crm.add_notes(ask(NewNote("без файла", lead)))
    on_lead, on_firm = crm.attach_files(ask(NewFile(file, card(lead)), NewFile(file, card(firm, CardKind.COMPANY))))
    assert isinstance(on_lead, Done)
    assert isinstance(on_firm, Done)
    [found] = crm.files(card(lead))
    assert (found.name, found.size) == ("Смета.pdf", len(PDF))
    assert desk.session.get(found.url, timeout=30).content == PDF
    assert len(crm.files(card(firm, CardKind.COMPANY))) == 1


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_file_whose_answer_was_lost_hangs_there_once(crm, desk, ask, file, kind):
    lead = desk.lead()
    assert crm.files(card(lead)) == []
    began = datetime.now(UTC)
    desk.fault(kind)
    assert type(crm.attach_files(ask(NewFile(file, card(lead))))[0]) is Ambiguous
    [again] = crm.attach_files(ask(NewFile(file, card(lead)), since=began))
    assert again.found is (kind == "cut_after")
    assert len(crm.files(card(lead))) == 1


def test_a_file_without_bytes_or_for_no_card_is_refused_alone(crm, desk, ask, file):
    lead = desk.lead()
    lost, gone, foreign, good = crm.attach_files(
        ask(
            NewFile(Attachment("а.pdf", "application/pdf", 5), card(lead)),
            NewFile(file, card("999")),
            NewFile(file, card("D_5")),
            NewFile(file, card(lead)),
        )
    )
    assert "приложите его вручную" in lost.hint
    assert "удалили" in gone.hint
    assert isinstance(foreign, Rejected)
    assert isinstance(good, Done)


def test_who_is_at_work_is_told_by_the_working_day_else_by_who_is_online(crm, desk):
    desk.control("users", {"user_id": 5, "on_break": True})
    desk.control("users", {"user_id": 6, "at_work": False})
    asked = (ANNA, IVAN, CHIEF, "nobody@krovlya.ru", "old@krovlya.ru")
    assert crm.presence(asked) == {
        ANNA: Presence.PAUSED,
        IVAN: Presence.AWAY,
        CHIEF: Presence.AT_WORK,
        "nobody@krovlya.ru": Presence.UNKNOWN,
        "old@krovlya.ru": Presence.UNKNOWN,
    }
    desk.control("users", {"user_id": 6, "tracked": False, "online": False})
    desk.control("users", {"user_id": 5, "tracked": False})
    assert crm.presence([ANNA, IVAN]) == {ANNA: Presence.AT_WORK, IVAN: Presence.UNKNOWN}


def test_a_portal_without_time_tracking_still_answers(crm, desk, make_crm):
    desk.control("inbound", {"user_id": 1, "secret": "narrow", "scopes": ["crm", "task", "user"]})
    narrow = make_crm(url=f"{desk.portal.url}/rest/1/narrow/")
    assert narrow.presence([ANNA]) == {ANNA: Presence.AT_WORK}


def test_one_of_the_staff_sees_a_notice_with_its_card_once(crm, desk, ask):
    lead = desk.lead()
    notice = StaffNotice(IVAN, "Лид ждёт", card(lead), DUE, NoticeForm.TASK)
    for _ in range(2):
        [done] = crm.notify_staff(ask(notice, since=datetime.now(UTC)))
        assert isinstance(done, Done)
    rows = desk.control("dump", method="GET")
    assert rows is not None
    [row] = [one for one in desk.portal.store.table("notifications").values() if one["user_id"] == 6]
    assert row["text"] == f"Лид ждёт\n[URL=/crm/lead/details/{lead}/]Открыть карточку[/URL]"
    assert desk.card()["tasks"] == []


def test_a_notice_to_nobody_costs_the_others_nothing(crm, desk, ask):
    lead = desk.lead()
    wrong, good = crm.notify_staff(
        ask(StaffNotice("nobody@krovlya.ru", "?", card(lead), DUE), StaffNotice(ANNA, "Позвони", card(lead), DUE))
    )
    assert isinstance(wrong, Rejected)
    assert isinstance(good, Done)


def test_a_notice_that_the_portal_does_not_save_is_refused_with_the_cure(crm, desk, ask):
    lead = desk.lead()
    assert crm.users()
    crm._room.directory.portal()
    desk.fault(status=200, body='{"result":{"result":{"w0":false},"result_error":[]}}')
    [refused] = crm.notify_staff(ask(StaffNotice(ANNA, "Позвони", card(lead), DUE)))
    assert isinstance(refused, Rejected)
    assert ANNA in refused.hint


def test_a_workflow_is_started_on_a_card_of_its_kind(crm, deals, desk, ask):
    lead, deal = desk.lead(), desk.lead(2)
    assert crm.bots() == ("Проверка лида",)
    assert deals.bots() == ("Проверка сделки",)
    assert crm.start_bots(ask(BotStart("проверка лида", lead))) == [Done(lead)]
    assert deals.start_bots(ask(BotStart("Проверка сделки", deal))) == [Done(deal)]
    documents = [row["document"][2] for row in desk.portal.store.table("workflows").values()]
    assert documents == [f"LEAD_{lead}", f"DEAL_{deal}"]
    assert crm.check([Need("bot", "Проверка лида")]) == []


def test_a_workflow_that_is_unknown_or_for_a_card_that_is_gone_is_refused_alone(crm, desk, ask):
    lead = desk.lead()
    unknown, gone, good = crm.start_bots(
        ask(BotStart("Проверка лидов", lead), BotStart("Проверка лида", "999"), BotStart("Проверка лида", lead))
    )
    assert "«Проверка лида»" in unknown.hint
    assert isinstance(gone, Rejected)
    assert good == Done(lead)


def test_a_workflow_whose_answer_was_lost_waits_for_a_person(crm, desk, ask):
    lead = desk.lead()
    [unsure] = crm.start_bots(ask(BotStart("Проверка лида", lead), since=datetime.now(UTC)))
    assert isinstance(unsure, OutcomeUnknownError)
    assert list(desk.portal.store.table("workflows")) == []


def test_an_application_starts_its_own_triggers_too(make_crm, desk, ask):
    offer = desk.control("oauth", method="GET")
    own = {key: offer[key] for key in ("client_id", "client_secret", "refresh_token")}
    app = make_crm(url=desk.portal.url, oauth={**own, "server": desk.portal.url})
    app._room.client.call("crm.automation.trigger.add", {"CODE": "paid", "NAME": "Оплата из 1С"})
    lead = desk.lead()
    assert app.bots() == ("Проверка лида", "Оплата из 1С")
    assert app.start_bots(ask(BotStart("Оплата из 1С", lead))) == [Done(lead)]
    assert desk.called("crm.automation.trigger.execute") == 1
