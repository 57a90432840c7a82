"""The board, the stats, the state over a restart, and a portal out of a seed file."""

import threading

import pytest
import requests

from sandbox.__main__ import SECTIONS
from sandbox.bitrix24 import Bitrix24, Limit, Seed
from sandbox.seed_file import SeedFileError, read_seed_file
from tests.sandbox.bitrix24_client import ANNA, ROP, Rest, phone

OTHER = """
bitrix24:
  name: Окна Плюс
  crm_mode: simple
  app_user: 2
  board_user: 2
  users:
    - {id: 2, name: Вера, email: vera@okna.ru, admin: true, inner: "201"}
    - {id: 3, name: Пётр, email: petr@okna.ru, access: own}
  funnels:
    - {name: Окна, stages: [Заявка, Замер, Договор, Монтаж, Акт, Гарантия]}
  lead_stages: [Новый]
  fields:
    - {entity: deal, name: UF_CRM_PROFILE, type: enumeration, title: Профиль, options: [KBE, Rehau]}
  webhooks:
    - {user: 2, secret: okna, scopes: [crm, user]}
"""


def page(b24, path="/"):
    answer = requests.get(f"{b24.portal.url}{path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def post(b24, path, body):
    return requests.post(f"{b24.portal.url}{path}", json=body, timeout=30)


@pytest.fixture
def lead(b24):
    fields = {"TITLE": "Крыша <b>дома</b>", "NAME": "Пётр", "PHONE": [phone("+79161234567")], "UF_CRM_TAGS": ["срочно"]}
    return b24.call("crm.lead.add", fields={**fields, "ASSIGNED_BY_ID": ANNA, "SOURCE_ID": "WEB"})


def test_the_board_shows_leads_by_stage_and_has_tabs_of_the_funnels(b24, lead):
    text = page(b24)
    for needed in (
        "Кровля Плюс",
        "Лиды",
        "Кровля",
        "Сервис",
        "Новый лид",
        "Пётр",
        "+79161234567",
        "срочно",
        "Анна Смирнова",
    ):
        assert needed in text, needed
    assert "<b>дома</b>" not in text
    assert "1 лид" in text
    b24.call("crm.deal.add", fields={"TITLE": "Сделка раз", "CATEGORY_ID": 1, "OPPORTUNITY": 15000})
    assert "Сделка раз" in page(b24, "/?board=deal-1")
    assert "Сделка раз" not in page(b24, "/?board=deal-0")


def test_in_simple_mode_the_board_begins_with_deals(b24):
    b24.control("settings", {"crm_mode": 2})
    assert 'data-board="deal-0"' in page(b24)


def test_a_card_shows_everything_that_hangs_on_it(b24, lead):
    owner = {"ownerTypeId": 1, "ownerId": lead}
    b24.call("crm.activity.todo.add", **owner, deadline="2020-08-24 15:00:00", title="Перезвонить")
    b24.call("tasks.task.add", fields={"TITLE": "Расчёт", "RESPONSIBLE_ID": ANNA, "UF_CRM_TASK": [f"L_{lead}"]})
    comment = {"ENTITY_TYPE": "lead", "ENTITY_ID": lead, "COMMENT": "Просит [b]замер[/b]"}
    b24.call("crm.timeline.comment.add", fields=comment)
    app = b24.as_app()
    call = app.call("telephony.externalCall.register", USER_ID=ANNA, PHONE_NUMBER="+79161234567", TYPE=2)["CALL_ID"]
    app.call("telephony.externalCall.finish", CALL_ID=call, USER_ID=ANNA, DURATION=148)
    b24.call("telephony.externalCall.attachRecord", CALL_ID=call, RECORD_URL="http://127.0.0.1:9/r.mp3")
    text = page(b24, f"/crm/lead/details/{lead}/")
    for needed in (
        "Перезвонить",
        "Просрочено",
        "Расчёт",
        "Просит замер",
        "2 мин 28 с",
        "r.mp3",
        "Веб-сайт",
        "Лид создан",
    ):
        assert needed in text, needed


def test_a_hand_moves_a_card_and_the_event_names_who_did_it(b24, lead, receiver):
    app = b24.as_app()
    app.call("event.bind", event="ONCRMLEADUPDATE", handler=f"{receiver.url}/hook")
    assert post(b24, f"/board/lead/{lead}/move", {"stage": "IN_PROCESS"}).status_code == 200
    assert b24.call("crm.lead.get", id=lead)["STATUS_ID"] == "IN_PROCESS"
    assert receiver.wait(1)[0]["auth[user_id]"] == str(ROP)
    assert post(b24, f"/board/lead/{lead}/move", {"stage": "C1:NEW"}).status_code == 400
    assert post(b24, "/board/lead/1/move", {"stage": "NEW"}).status_code == 400


def test_tasks_and_reminders_are_done_from_the_card(b24, lead):
    todo = b24.call("crm.activity.todo.add", ownerTypeId=1, ownerId=lead, deadline="2026-08-24", title="x")["id"]
    task = b24.call("tasks.task.add", fields={"TITLE": "x", "RESPONSIBLE_ID": ANNA, "UF_CRM_TASK": [f"L_{lead}"]})[
        "task"
    ]["id"]
    assert post(b24, f"/board/todo/{todo}/complete", {}).status_code == 200
    assert post(b24, f"/board/task/{task}/complete", {"text": "Посчитал"}).status_code == 200
    assert b24.call("crm.activity.get", id=todo)["COMPLETED"] == "Y"
    shown = b24.dump()["leads"][0]
    assert [(row["status"], row["result"]) for row in shown["tasks"]] == [(5, "Посчитал")]


def test_only_json_moves_a_card(b24, lead):
    answer = requests.post(f"{b24.portal.url}/board/lead/{lead}/move", data={"stage": "IN_PROCESS"}, timeout=30)
    assert answer.status_code == 400


def test_the_board_waits_for_a_change(b24):
    since = b24.stats()["revision"]
    found = {}

    def wait():
        found.update(requests.get(f"{b24.portal.url}/board/wait?since={since}", timeout=30).json())

    waiting = threading.Thread(target=wait)
    waiting.start()
    b24.call("crm.lead.add", fields={"TITLE": "x"})
    waiting.join(timeout=30)
    assert found["revision"] > since


def test_notifications_stand_on_the_board_without_codes(b24):
    b24.call("im.notify.personal.add", USER_ID=ANNA, MESSAGE="Заявка: [URL=/crm/lead/details/1/]Пётр[/URL]")
    text = page(b24)
    assert "Заявка: Пётр" in text


def test_the_stats_count_methods_objects_and_doubles(b24):
    for _ in range(2):
        b24.call("crm.lead.add", fields={"TITLE": "x", "PHONE": [phone("+79990001122")]})
    b24.call("batch", cmd=["crm.lead.add?fields[TITLE]=y&fields[PHONE][0][VALUE]=89990001122", "profile"])
    assert b24.refused("app.info")[0] == 403
    stats = b24.stats()
    assert (stats["methods"]["crm.lead.add"], stats["calls"]["POST crm.lead.add"], stats["calls"]["POST batch"]) == (
        3,
        2,
        1,
    )
    assert stats["objects"]["leads"] == 3
    assert (stats["doubles"]["open_leads"], stats["doubles"]["extra_leads"]) == (1, 2)
    assert stats["refused"] == {"403": 1}


def test_a_write_may_be_done_though_its_answer_never_came(b24):
    b24.control("faults", {"kind": "cut_after", "path": "/rest/1/sandbox/crm.lead.add"})
    with pytest.raises(requests.ConnectionError):
        b24.raw("crm.lead.add", {"fields": {"TITLE": "x", "ORIGIN_ID": "form:1"}})
    assert b24.page("crm.lead.list", filter={"ORIGIN_ID": "form:1"})["total"] == 1


def test_a_portal_keeps_what_it_holds_over_a_restart(tmp_path):
    path = tmp_path / "bitrix24.db"
    with Bitrix24(path, limit=Limit(per_second=None)) as portal:
        rest = Rest(portal)
        number = rest.call("crm.lead.add", fields={"TITLE": "x", "PHONE": [phone("+79990001122")]})
        gone = rest.call("crm.lead.add", fields={"TITLE": "y"})
        rest.call("crm.lead.delete", id=gone)
        token = rest.control("oauth", method="GET")["access_token"]
        rest.session.close()
    with Bitrix24(path, limit=Limit(per_second=None)) as portal:
        rest = Rest(portal, token=token)
        assert rest.call("crm.duplicate.findbycomm", type="PHONE", values=["89990001122"]) == {"LEAD": [number]}
        assert rest.call("crm.lead.add", fields={"TITLE": "z"}) == gone + 1
        assert [row["ID"] for row in rest.call("crm.lead.list")] == [str(number), str(gone + 1)]
        rest.control("reset")
        assert Rest(portal).page("crm.lead.list")["total"] == 0
        rest.session.close()


@pytest.fixture
def seed_file(tmp_path):
    def write(text):
        path = tmp_path / "seed.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_seed_file_makes_another_company(seed_file):
    seed = read_seed_file(seed_file(OTHER), SECTIONS)["bitrix24"]
    with Bitrix24(seed=seed, limit=Limit(per_second=None)) as portal:
        rest = Rest(portal, hook="2/okna")
        assert rest.call("crm.settings.mode.get") == 2
        assert [row["EMAIL"] for row in rest.call("user.get")] == ["vera@okna.ru", "petr@okna.ru"]
        stages = rest.call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"}, order={"SORT": "ASC"})
        assert [row["NAME"] for row in stages][:6] == ["Заявка", "Замер", "Договор", "Монтаж", "Акт", "Гарантия"]
        assert len({row["STATUS_ID"] for row in stages}) == 8
        assert "UF_CRM_PROFILE" in rest.call("crm.deal.fields")
        assert rest.call("scope") == ["crm", "user"]
        rest.session.close()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("bitrix24: {nonsense: 1}", "bitrix24.nonsense"),
        ("bitrix24: {app_user: 99}", "app_user is user 99"),
        ("bitrix24: {fields: [{entity: deal, name: TAGS, type: string, title: x}]}", "bitrix24.fields.0.name"),
        ("bitrix24: {fields: [{entity: deal, name: UF_CRM_A, type: enumeration, title: x}]}", "options"),
        ("bitrix24: {timezone: Mars/Base}", "Mars/Base is no time zone"),
        ("bitrix: {}", "'bitrix' is not known"),
    ],
)
def test_a_wrong_seed_file_is_refused_with_its_place(seed_file, text, place):
    with pytest.raises(SeedFileError, match=place):
        read_seed_file(seed_file(text), SECTIONS)


def test_the_seed_has_the_people_of_the_other_emulators_company(b24):
    mails = {row["EMAIL"] for row in b24.call("user.get")}
    assert {"anna@krovlya.ru", "ivan@krovlya.ru", "rop@krovlya.ru"} < mails
    assert Seed().name == "Кровля Плюс"
