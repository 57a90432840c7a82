"""How leads and deals of the running portal end, and how they come back to work."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connectors.bitrix24.fields import decode, encode
from connectors.crm.names import CustomField
from provodka.crm import LeadChange, LeadClosing, LeadConversion, LeadLines, LeadReopening, Need, ProductLine
from provodka.errors import Rejected
from provodka.operation import Done
from tests.connectors.follower import Follower


def stage(crm, lead):
    found = crm.leads([lead])[lead]
    return found.stage, found.state


def test_a_deal_is_won_in_its_own_funnel(deals, desk, ask):
    main, service = desk.lead(2), desk.lead(2, categoryId=1)
    outcomes = deals.close_leads(ask(LeadClosing(main, won=True), LeadClosing(service, won=True)))
    assert outcomes == [Done(main), Done(service)]
    assert [stage(deals, one)[1] for one in (main, service)] == ["won", "won"]
    assert desk.rest("crm.item.get", entityTypeId=2, id=service)["item"]["stageId"] == "C1:WON"


def test_a_lead_of_the_portal_that_is_won_becomes_a_deal_once(crm, desk, ask):
    lead = desk.lead(name="Пётр")
    for _ in range(2):
        assert crm.close_leads(ask(LeadClosing(lead, won=True))) == [Done(lead)]
    assert stage(crm, lead)[1] == "won"
    assert len(desk.cards("deals")) == 1


def test_the_lost_stages_are_the_reasons_where_the_config_names_no_field(deals, desk, ask):
    deal, other = desk.lead(2), desk.lead(2)
    fields = {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "TOO_DEAR", "NAME": "Дорого", "SORT": 90, "SEMANTICS": "F"}
    desk.rest("crm.status.add", fields=fields)
    reasons = deals.loss_reasons()
    assert reasons == ("Закрыто и не реализовано", "Дорого")
    outcomes = deals.close_leads(
        ask(LeadClosing(deal, won=False, loss_reason=reasons[1]), LeadClosing(other, won=False))
    )
    assert outcomes == [Done(deal), Done(other)]
    assert stage(deals, deal) == (reasons[1], "lost")
    assert stage(deals, other) == (reasons[0], "lost")


def test_a_reason_that_the_portal_does_not_know_is_refused_with_the_nearest_one(deals, desk, ask):
    bad, good = desk.lead(2), desk.lead(2)
    reason = deals.loss_reasons()[0]
    refused, done = deals.close_leads(
        ask(LeadClosing(bad, won=False, loss_reason=f"{reason}!"), LeadClosing(good, won=False))
    )
    assert isinstance(refused, Rejected)
    assert f"«{reason}»" in refused.hint
    assert done == Done(good)
    assert stage(deals, bad)[1] == "open"
    assert deals.check([Need("loss_reason", reason)]) == []
    [missing] = deals.check([Need("loss_reason", "Дорого")])
    assert reason in missing.known


@pytest.fixture
def with_field(desk, make_crm):
    rows = [{"VALUE": one} for one in ("Дорого", "Выбрал другого")]
    labels = {"LABEL": "Причина отказа", "EDIT_FORM_LABEL": {"ru": "Причина отказа"}}
    fields = {"FIELD_NAME": "LOSS", "USER_TYPE_ID": "enumeration", "LIST": rows, **labels}
    desk.rest("crm.deal.userfield.add", fields=fields)
    return make_crm(entity="deal", loss_field="Причина отказа")


def test_a_field_of_the_configs_choice_holds_the_reason(with_field, desk, ask):
    deal, bad = desk.lead(2), desk.lead(2)
    assert with_field.loss_reasons() == ("Дорого", "Выбрал другого")
    done, refused = with_field.close_leads(
        ask(
            LeadClosing(deal, won=False, loss_reason="дорого"),
            LeadClosing(bad, won=False, loss_reason="Выбрали другого"),
        )
    )
    found = with_field.leads([deal])[deal]
    assert (done, found.state, found.fields["Причина отказа"]) == (Done(deal), "lost", "Дорого")
    assert "«Выбрал другого»" in refused.hint
    assert stage(with_field, bad)[1] == "open"


def test_a_lost_deal_goes_back_to_work_and_an_open_one_stays_where_it_is(deals, desk, ask):
    lost, busy = desk.lead(2), desk.lead(2)
    deals.close_leads(ask(LeadClosing(lost, won=False)))
    deals.update_leads(ask(LeadChange(busy, stage="Переговоры")))
    for _ in range(2):
        outcomes = deals.reopen_leads(ask(LeadReopening(lost, "Счёт выставлен"), LeadReopening(busy)))
        assert outcomes == [Done(lost), Done(busy)]
        assert stage(deals, lost) == ("Счёт выставлен", "open")
        assert stage(deals, busy) == ("Переговоры", "open")


def test_a_lead_is_not_reopened_into_a_closing_stage_nor_once_it_is_a_deal(crm, desk, ask):
    lost, won = desk.lead(), desk.lead(name="Пётр")
    crm.close_leads(ask(LeadClosing(lost, won=False), LeadClosing(won, won=True)))
    closing = crm.loss_reasons()[0]
    bad, deal, gone, good = crm.reopen_leads(
        ask(LeadReopening(lost, closing), LeadReopening(won), LeadReopening("999"), LeadReopening(lost))
    )
    assert "закрывающий этап" in bad.hint
    assert "превращён в сделку" in deal.hint
    assert isinstance(gone, Rejected)
    assert good == Done(lost)
    assert stage(crm, lost)[1] == "open"


def test_what_we_close_ourselves_is_no_news(deals, desk, ask, store):
    deal = desk.lead(2)
    follower = Follower(deals, store)
    follower.hint(f"deal:{deal}")
    deals.close_leads(ask(LeadClosing(deal, won=True)))
    assert follower.hint(f"deal:{deal}") == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("Дата доставки", "послезавтра", "нужно: дата"),
        ("Источник", "Сайд", "«Сайт»"),
        ("Коментарий", "есть", "«Комментарий»"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused_with_the_cure(crm, desk, ask, name, text, told):
    lead = desk.lead()
    [refused] = crm.update_leads(ask(LeadChange(lead, fields={name: text})))
    assert isinstance(refused, Rejected)
    assert told in refused.hint


def test_values_are_written_by_their_texts_and_cleared_by_an_empty_one(crm, desk, ask):
    lead = desk.lead()
    crm.update_leads(ask(LeadChange(lead, fields={"Дата доставки": "05.01.2026", "Источник": "сайт"})))
    fields = crm.leads([lead])[lead].fields
    assert (fields["Дата доставки"], fields["Источник"]) == ("2026-01-05", "Сайт")
    crm.update_leads(ask(LeadChange(lead, fields={"Дата доставки": ""})))
    assert "Дата доставки" not in crm.leads([lead])[lead].fields


def test_a_conversion_goes_where_the_rule_says_with_its_firm_and_its_products(crm, desk, ask):
    lead, bare = desk.lead(name="Пётр"), desk.lead(name="Ольга", companyTitle="Лютик")
    lines = (ProductLine("Черепица", Decimal(10), Decimal(500)),)
    crm.set_lead_lines(ask(LeadLines(lead, lines)))
    wanted = LeadConversion(lead, "Сервис", "Обращение", company="Ромашка")
    first, second = crm.convert_leads(ask(wanted, LeadConversion(bare, company="Роза", lines=False)))
    deals = {str(row["id"]): row for row in desk.cards("deals")}
    assert {first.remote_id, second.remote_id} == deals.keys()
    assert (deals[first.remote_id]["pipeline"], deals[first.remote_id]["stage"]) == ("Сервис", "Обращение")
    rows = desk.rest("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": first.remote_id})
    assert [(row["productName"], row["quantity"]) for row in rows["productRows"]] == [("Черепица", 10)]
    assert [crm.companies([done.values["company_id"]]).popitem()[1].name for done in (first, second)] == [
        "Ромашка",
        "Лютик",
    ]


def test_lines_that_people_have_changed_in_the_deal_are_left_alone_by_a_second_attempt(crm, desk, ask):
    lead = desk.lead(name="Пётр")
    crm.set_lead_lines(ask(LeadLines(lead, (ProductLine("Черепица", Decimal(10), Decimal(500)),))))
    [done] = crm.convert_leads(ask(LeadConversion(lead)))
    other = [{"productName": "Конёк", "price": 1, "quantity": 2}]
    desk.rest("crm.item.productrow.set", ownerType="D", ownerId=done.remote_id, productRows=other)
    desk.change(lead, stageId="NEW")
    assert crm.convert_leads(ask(LeadConversion(lead)))[0].remote_id == done.remote_id
    rows = desk.rest("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": done.remote_id})
    assert [row["productName"] for row in rows["productRows"]] == ["Конёк"]


def test_a_conversion_to_where_there_is_nothing_is_refused_and_costs_the_others_nothing(crm, desk, ask):
    bad, good = desk.lead(name="Пётр"), desk.lead(name="Ольга")
    refused, done = crm.convert_leads(ask(LeadConversion(bad, "Сирвис"), LeadConversion(good)))
    assert "«Сервис»" in refused.hint
    assert isinstance(done, Done)
    assert stage(crm, bad)[1] == "open"
    assert crm.check([Need("deal_pipeline", "Сервис"), Need("deal_stage", "Обращение", within="Сервис")]) == []
    [missing] = crm.check([Need("deal_stage", "Обрашение", within="Сервис")])
    assert "Обращение" in missing.known


@pytest.mark.parametrize(
    ("kept", "shown"), [("500.00|USD", "500|USD"), ("500.50|RUB", "500.5"), ("500", "500"), ("", "")]
)
def test_a_sum_of_money_can_be_put_back_as_it_is_shown(kept, shown):
    field = CustomField("ufCrmDeposit", "Залог", "money", "UF_CRM_DEPOSIT")
    assert decode(field, kept) == shown
    assert decode(field, encode(field, shown, ZoneInfo("UTC"))) == shown
