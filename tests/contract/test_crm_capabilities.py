"""One contract for every CRM: what rules and reports ask of it means the same, whichever CRM it is."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from provodka.crm import (
    BotStart,
    CardKind,
    CardLink,
    CardRemoval,
    CompanyChange,
    CompanyQuery,
    ContactAddition,
    ContactChange,
    CrmAccount,
    InvoicePayment,
    LeadChange,
    LeadClosing,
    LeadConversion,
    LeadLines,
    LeadQuery,
    LeadReopening,
    LeadState,
    Need,
    NewCompany,
    NewContact,
    NewFile,
    NewInvoice,
    NewLead,
    NewTask,
    Presence,
    ProductLine,
    StaffNotice,
    TaskChange,
    TaskCompletion,
    TaskReopening,
)
from provodka.errors import Rejected
from provodka.operation import Done
from provodka.payloads import Person
from tests.contract.crms import ANNA, DUE, FILE, GONE, IVAN, PHONE, TILE, ask, card, one, refused


def test_a_contact_is_read_changed_and_found(crm: CrmAccount, contact: str, lead: str) -> None:
    change = ContactChange(contact, "Мария Иванова", IVAN, add_tags=("VIP",))
    assert one(crm.update_contacts(ask(change))) == contact
    assert one(crm.add_to_contacts(ask(ContactAddition(contact, ("+79160003344",))))) == contact
    found = crm.contacts([contact, GONE])
    assert set(found) == {contact}
    known = found[contact]
    assert (known.name, known.responsible, known.tags, known.leads) == ("Мария Иванова", IVAN, ("VIP",), (lead,))
    assert known.phones == (PHONE, "+79160003344")
    assert known.url
    [person] = crm.find_people([Person(phones=(PHONE,))])
    assert person is not None
    assert person.contact.id == contact


def test_a_lead_is_found_by_the_value_of_its_field_and_by_no_other(crm: CrmAccount, lead: str, contact: str) -> None:
    new = NewLead("Второй", "Сервис", contact_id=contact, fields={"Комментарий": "A-17"})
    second = one(crm.create_leads(ask(new)))
    one(crm.update_leads(ask(LeadChange(lead, fields={"Комментарий": "A-17"}))))
    third = one(crm.create_leads(ask(NewLead("A-17", contact_id=contact, fields={"Комментарий": "A-178"}))))
    queries = [
        LeadQuery("Комментарий", "a-17"),
        LeadQuery("Комментарий", "A-17", "Кровля"),
        LeadQuery("Комментарий", ""),
    ]
    found = crm.find_leads(queries)
    assert [[ref.id for ref in refs] for refs in found] == [[second, lead], [lead], []]
    assert third not in {ref.id for refs in found for ref in refs}
    with pytest.raises(Rejected, match="field"):
        crm.find_leads([LeadQuery("Коментарий", "A-17")])


def test_all_leads_of_a_person_are_told_with_what_they_belong_to(crm: CrmAccount, lead: str, contact: str) -> None:
    firm = one(crm.create_companies(ask(NewCompany("Ромашка"))))
    second = one(crm.create_leads(ask(NewLead("Второй", "Сервис", contact_id=contact, company_id=firm))))
    one(crm.close_leads(ask(LeadClosing(lead, won=False))))
    refs = crm.leads_of([contact, GONE])
    assert [ref.id for ref in refs[contact]] == [second, lead]
    assert refs[GONE] == []
    assert [(ref.company, ref.closed_at is not None) for ref in refs[contact]] == [(firm, False), ("", True)]


def test_a_lead_that_is_a_deal_already_is_converted_by_moving_on(crm: CrmAccount, lead: str) -> None:
    assert one(crm.convert_leads(ask(LeadConversion(lead, "Сервис")))) == lead
    moved = crm.leads([lead])[lead]
    assert (moved.pipeline, moved.stage) == ("Сервис", "Обращение")
    [nowhere] = crm.convert_leads(ask(LeadConversion(lead)))
    refused(nowhere)


def test_a_contact_is_made_without_a_lead_and_known_at_once(crm: CrmAccount) -> None:
    made = one(crm.create_contacts(ask(NewContact("Пётр", ("+79160005566",), ("p@example.ru",), IVAN))))
    [person] = crm.find_people([Person(emails=("p@example.ru",))])
    assert person is not None
    assert person.contact.id == made
    known = crm.contacts([made])[made]
    assert (known.name, known.phones, known.emails, known.responsible) == (
        "Пётр",
        ("+79160005566",),
        ("p@example.ru",),
        IVAN,
    )
    assert not any("contract-" in text for text in known.fields.values()), "our key is nothing for people"


def test_a_contact_whose_making_is_in_doubt_is_not_made_twice(crm: CrmAccount) -> None:
    [request] = ask(NewContact("Пётр", ("+79160005566",)))
    made = one(crm.create_contacts([request]))
    again = one(crm.create_contacts([replace(request, unsure_since=datetime.now(UTC) - timedelta(minutes=1))]))
    assert again == made


def test_a_firm_is_made_found_changed_and_linked(crm: CrmAccount, contact: str, lead: str) -> None:
    new = NewCompany("ООО «Ромашка»", phones=("+74951234567",), responsible=ANNA, tags=("опт",))
    firm = one(crm.create_companies(ask(new)))
    found = crm.find_companies(
        [CompanyQuery(name='ооо "ромашка"'), CompanyQuery(phones=("+74951234567",)), CompanyQuery()]
    )
    assert [hit and hit.company.id for hit in found] == [firm, firm, None]
    one(crm.update_companies(ask(CompanyChange(firm, emails=("info@romashka.ru",), remove_tags=("опт",)))))
    for other in (card(contact, CardKind.CONTACT), card(lead)):
        for _ in range(2):
            assert one(crm.link_cards(ask(CardLink(card(firm, CardKind.COMPANY), other)))) == firm
    company = crm.companies([firm])[firm]
    assert (company.emails, company.tags, company.contacts) == (("info@romashka.ru",), (), (contact,))
    assert crm.contacts([contact])[contact].company_id == firm
    for _ in range(2):
        one(crm.unlink_cards(ask(CardLink(card(contact, CardKind.CONTACT), card(firm, CardKind.COMPANY)))))
    assert crm.contacts([contact])[contact].company_id == ""


def test_a_lead_is_lost_for_a_reason_goes_back_to_work_and_is_won(crm: CrmAccount, lead: str) -> None:
    reason = crm.loss_reasons()[0]
    assert crm.check([Need("loss_reason", reason)]) == []
    one(crm.close_leads(ask(LeadClosing(lead, won=False, loss_reason=reason))))
    assert crm.leads([lead])[lead].state == "lost"
    for _ in range(2):
        one(crm.reopen_leads(ask(LeadReopening(lead, "Переговоры"))))
        assert (crm.leads([lead])[lead].stage, crm.leads([lead])[lead].state) == ("Переговоры", "open")
    for _ in range(2):
        one(crm.close_leads(ask(LeadClosing(lead, won=True))))
        assert crm.leads([lead])[lead].state == "won"


def test_a_task_is_moved_and_completed_with_its_result(crm: CrmAccount, lead: str) -> None:
    task = one(crm.create_tasks(ask(NewTask("Позвонить", DUE, lead, responsible=ANNA))))
    one(crm.change_tasks(ask(TaskChange(task, DUE + timedelta(days=1), IVAN))))
    [found] = crm.open_tasks([card(lead)])[card(lead)]
    assert (found.id, found.due, found.responsible) == (task, DUE + timedelta(days=1), IVAN)
    assert (found.text, found.card, found.completed) == ("Позвонить", card(lead), False)
    for _ in range(2):
        one(crm.complete_tasks(ask(TaskCompletion(task, "Договорились"))))
    assert crm.open_tasks([card(lead)]) == {card(lead): []}
    for _ in range(2):
        assert one(crm.reopen_tasks(ask(TaskReopening(task)))) == task
    [again] = crm.open_tasks([card(lead)])[card(lead)]
    assert (again.id, again.due) == (task, DUE + timedelta(days=1))


def test_a_task_is_read_by_its_id_with_what_became_of_it(crm: CrmAccount, lead: str) -> None:
    task = one(crm.create_tasks(ask(NewTask("Позвонить", DUE, lead, responsible=ANNA))))
    one(crm.complete_tasks(ask(TaskCompletion(task, "Договорились"))))
    found = crm.tasks([task, GONE])
    assert set(found) == {task}
    assert (found[task].text, found[task].responsible, found[task].completed) == ("Позвонить", ANNA, True)


def test_the_mirror_tells_of_open_tasks_without_a_call_once_it_is_filled(
    crm: CrmAccount, lead: str, contact: str
) -> None:
    of_contact = card(contact, CardKind.CONTACT)
    late = one(crm.create_tasks(ask(NewTask("Встреча", DUE + timedelta(days=1), lead, type="Встреча"))))
    assert crm.mirrored_tasks([card(lead)]) is None
    assert crm.fill()
    soon = one(crm.create_tasks(ask(NewTask("Позвонить", DUE, lead, responsible=ANNA, type="Звонок"))))
    other = one(crm.create_tasks(ask(NewTask("Поздравить", DUE, contact_id=contact))))
    found = crm.mirrored_tasks([card(lead), of_contact, card(GONE)])
    assert found is not None
    assert [(task.id, task.text, task.due, task.type) for task in found[card(lead)]] == [
        (soon, "Позвонить", DUE, "Звонок"),
        (late, "Встреча", DUE + timedelta(days=1), "Встреча"),
    ]
    assert [task.id for task in found[of_contact]] == [other]
    assert found[card(GONE)] == []
    one(crm.complete_tasks(ask(TaskCompletion(soon, "Готово"))))
    assert [task.id for task in (crm.mirrored_tasks([card(lead)]) or {})[card(lead)]] == [late]


def test_the_mirror_tells_how_the_leads_of_a_contact_stand(crm: CrmAccount, lead: str, contact: str) -> None:
    assert crm.lead_states([contact]) is None
    assert crm.fill()
    reason = crm.loss_reasons()[0]
    one(crm.close_leads(ask(LeadClosing(lead, won=False, loss_reason=reason))))
    later = one(crm.create_leads(ask(NewLead("Ещё", "Кровля", "Новый лид", contact_id=contact))))
    assert crm.lead_states([contact, GONE]) == {contact: {later: LeadState.OPEN, lead: LeadState.LOST}, GONE: {}}
    assert list((crm.lead_states([contact]) or {})[contact]) == [later, lead]


def test_a_lead_tells_since_when_it_stands_where_it_is_and_why_it_was_lost(crm: CrmAccount, lead: str) -> None:
    assert crm.fill()
    made = crm.leads([lead])[lead]
    assert (made.closed_at, made.loss_reason, made.company) == (None, "", "")
    assert made.stage_since is not None
    assert made.created_at is not None
    assert abs(made.stage_since - made.created_at) < timedelta(seconds=5)
    time.sleep(1.1)  # both CRMs count in seconds
    one(crm.update_leads(ask(LeadChange(lead, title="Крыша"))))
    assert crm.leads([lead])[lead].stage_since == made.stage_since
    one(crm.update_leads(ask(LeadChange(lead, stage="Переговоры"))))
    moved = crm.leads([lead])[lead]
    assert moved.stage_since is not None
    assert moved.stage_since > made.stage_since
    assert moved.updated_at is not None
    assert moved.updated_at >= moved.stage_since
    reason = crm.loss_reasons()[0]
    one(crm.close_leads(ask(LeadClosing(lead, won=False, loss_reason=reason))))
    lost = crm.leads([lead])[lead]
    assert (lost.loss_reason, lost.closed_at) == (reason, lost.stage_since)
    one(crm.reopen_leads(ask(LeadReopening(lead, "Переговоры"))))
    back = crm.leads([lead])[lead]
    assert (back.loss_reason, back.closed_at) == ("", None)


def test_a_lead_names_its_company(crm: CrmAccount, lead: str) -> None:
    firm = one(crm.create_companies(ask(NewCompany("ООО «Ромашка»"))))
    one(crm.link_cards(ask(CardLink(card(firm, CardKind.COMPANY), card(lead)))))
    assert crm.leads([lead])[lead].company == firm


def test_a_file_hangs_on_its_card(crm: CrmAccount, lead: str) -> None:
    one(crm.attach_files(ask(NewFile(FILE, card(lead)))))
    [found] = crm.files(card(lead))
    assert (found.name, found.size) == (FILE.name, FILE.size)


def test_lines_replace_those_before_and_set_the_price(crm: CrmAccount, lead: str) -> None:
    for lines in ((ProductLine("Монтаж", price=Decimal(900)),), (TILE, TILE)):
        assert one(crm.set_lead_lines(ask(LeadLines(lead, lines)))) == lead
    [line] = crm.lead_lines([lead, GONE])[lead]
    assert (line.name, line.sku, line.quantity, line.price) == ("Черепица", "A-17", Decimal(20), Decimal(500))
    assert crm.leads([lead])[lead].price == Decimal(10000)


def test_an_invoice_is_made_and_paid(crm: CrmAccount, lead: str) -> None:
    invoice = one(crm.create_invoices(ask(NewInvoice("Счёт 238", lead, (TILE,)))))
    [found] = crm.invoices([lead])[lead]
    assert (found.id, found.title, found.state, found.amount) == (invoice, "Счёт 238", "issued", Decimal(5000))
    for _ in range(2):
        assert one(crm.pay_invoices(ask(InvoicePayment(invoice, DUE)))) == invoice
    [paid] = crm.invoices([lead])[lead]
    assert paid.state == "paid"
    assert paid.paid_at is not None


def test_the_staff_are_known_told_and_at_work_or_not(crm: CrmAccount, lead: str) -> None:
    assert {user.login: user.active for user in crm.users()}[ANNA]
    assert set(crm.presence([ANNA, "nobody@krovlya.ru"])) == {ANNA, "nobody@krovlya.ru"}
    assert crm.presence(["nobody@krovlya.ru"]) == {"nobody@krovlya.ru": Presence.UNKNOWN}
    one(crm.notify_staff(ask(StaffNotice(ANNA, "Лид ждёт", card(lead), DUE))))


def test_open_leads_are_counted_by_whose_they_are_now(crm: CrmAccount, lead: str) -> None:
    assert crm.open_lead_counts([ANNA, IVAN]) is None, "the mirror is not filled"
    assert crm.fill()
    before = crm.open_lead_counts([ANNA, IVAN, "nobody@krovlya.ru"])
    assert before is not None
    assert before.keys() == {ANNA, IVAN}
    assert before[ANNA] >= 1
    one(crm.update_leads(ask(LeadChange(lead, responsible=IVAN))))
    assert crm.open_lead_counts([ANNA, IVAN]) == {ANNA: before[ANNA] - 1, IVAN: before[IVAN] + 1}
    one(crm.close_leads(ask(LeadClosing(lead, won=False))))
    assert crm.open_lead_counts([ANNA, IVAN]) == {ANNA: before[ANNA] - 1, IVAN: before[IVAN]}


def test_a_bot_is_started_by_its_name(crm: CrmAccount, lead: str) -> None:
    bot = crm.bots()[0]
    assert crm.check([Need("bot", bot)]) == []
    assert one(crm.start_bots(ask(BotStart(bot, lead)))) == lead


def test_a_glance_never_tells_of_a_stage_that_the_lead_has_left(crm: CrmAccount, lead: str) -> None:
    assert crm.fill()
    [seen] = [one for one in crm.glances("lead", "", 100) if one.card.id == lead]
    read = crm.leads([lead])[lead]
    assert "stage_since" not in seen.known or seen.card.stage_since == read.stage_since  # type: ignore[union-attr]
    one(crm.update_leads(ask(LeadChange(lead, stage="Переговоры"))))
    [moved] = [one for one in crm.glances("lead", "", 100) if one.card.id == lead]
    assert moved.card.stage == "Переговоры"  # type: ignore[union-attr]
    assert "stage_since" not in moved.known


def test_a_card_of_ours_is_taken_away_and_one_that_is_gone_is_no_error(
    crm: CrmAccount, lead: str, contact: str
) -> None:
    removals = [CardRemoval(one, "импорт отменён") for one in (card(lead), card(contact, CardKind.CONTACT), card(GONE))]
    done = crm.remove_cards(ask(*removals))
    assert [outcome.remote_id for outcome in done if isinstance(outcome, Done)] == [lead, contact, GONE]
    [how] = {outcome.values["removed"] for outcome in done if isinstance(outcome, Done)}
    left, people = crm.leads([lead]), crm.contacts([contact])
    if how == "deleted":
        assert (left, people) == ({}, {})
        assert crm.find_people([Person(phones=(PHONE,))]) == [None]
    else:
        assert (left[lead].state, left[lead].tags[-1]) == ("lost", "импорт отменён")
        assert people[contact].tags == ("импорт отменён",)
    assert all(isinstance(outcome, Done) for outcome in crm.remove_cards(ask(*removals))), "twice is harmless"
    hints = crm.reconcile(datetime.now(UTC))[0]
    assert not [event for event in hints if event.type.value in ("lead.lost", "lead.updated", "contact.updated")]
