"""What the portal posts to its handlers, once, and what waits in the offline queue."""

import time

import pytest

from tests.sandbox.bitrix24_client import ANNA, ROBOT

LEADS = ["ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE", "ONCRMDEALADD", "ONCRMDEALUPDATE"]


@pytest.fixture
def handler(receiver):
    return f"{receiver.url}/hook"


@pytest.fixture
def app(b24):
    app = b24.as_app()
    yield app
    app.session.close()


def names(forms):
    return sorted(form["event"] for form in forms)


def settled(b24, count, kind="delivered"):
    deadline = time.monotonic() + 20
    while b24.stats()["webhooks"].get(kind, 0) < count:
        assert time.monotonic() < deadline, b24.stats()["webhooks"]
        time.sleep(0.02)


def test_an_outbound_webhook_tells_the_id_only_and_carries_no_token(b24, receiver, handler):
    token = b24.control("outbound", {"handler": handler, "events": LEADS})["application_token"]
    number = b24.call("crm.lead.add", fields={"TITLE": "x"})
    form = receiver.wait(1)[0]
    assert (form["event"], form["data[FIELDS][ID]"]) == ("ONCRMLEADADD", str(number))
    assert form["auth[application_token]"] == token
    assert form["auth[member_id]"] == b24.portal.seed.member_id
    assert form["ts"].isdigit()
    assert int(form["event_handler_id"]) > 0
    assert not [key for key in form if "access_token" in key]
    b24.call("crm.lead.update", id=number, fields={"TITLE": "y"})
    b24.call("crm.lead.delete", id=number)
    assert names(receiver.wait(3)) == ["ONCRMLEADADD", "ONCRMLEADDELETE", "ONCRMLEADUPDATE"]


def test_the_application_gets_a_token_of_whoever_acted(b24, app, receiver, handler):
    assert app.call("event.bind", event="onCrmLeadAdd", handler=handler) is True
    anna = b24.as_user(ANNA)
    anna.call("crm.lead.add", fields={"TITLE": "x"})
    form = receiver.wait(1)[0]
    assert form["auth[user_id]"] == str(ANNA)
    assert form["auth[application_token]"] == b24.portal.seed.application_token
    assert "auth[refresh_token]" not in form
    inside = type(b24)(b24.portal, token=form["auth[access_token]"])
    assert inside.call("profile")["ID"] == str(ANNA)


def test_changes_by_automation_come_without_tokens(b24, app, receiver, handler):
    b24.control("settings", {"robot": True})
    app.call("event.bind", event="ONCRMDEALUPDATE", handler=handler)
    b24.call("crm.deal.add", fields={"TITLE": "x"})
    form = receiver.wait(1)[0]
    assert form["event"] == "ONCRMDEALUPDATE"
    assert not [key for key in form if "access_token" in key or "user_id" in key]


def test_a_move_to_another_funnel_takes_the_place_of_the_update(b24, app, receiver, handler):
    for event in ("ONCRMDEALUPDATE", "ONCRMDEALMOVETOCATEGORY"):
        app.call("event.bind", event=event, handler=handler)
    b24.control("outbound", {"handler": handler, "events": ["ONCRMDEALMOVETOCATEGORY", "ONCRMDEALUPDATE"]})
    number = b24.call("crm.deal.add", fields={"TITLE": "x"})
    b24.call("crm.item.update", entityTypeId=2, id=number, fields={"categoryId": 1})
    settled(b24, 1)
    form = receiver.wait(1)[0]
    assert names(receiver.forms) == ["ONCRMDEALMOVETOCATEGORY"]
    assert (form["data[FIELDS][CATEGORY_ID]"], form["data[FIELDS][STAGE_ID]"]) == ("1", "C1:NEW")


def test_invoices_share_the_event_of_smart_processes(b24, receiver, handler):
    b24.control("outbound", {"handler": handler, "events": ["ONCRMDYNAMICITEMADD"]})
    number = b24.call("crm.item.add", entityTypeId=31, fields={"title": "Счёт"})["item"]["id"]
    form = receiver.wait(1)[0]
    assert (form["data[FIELDS][ID]"], form["data[FIELDS][ENTITY_TYPE_ID]"]) == (str(number), "31")


def test_simple_mode_tells_of_the_lead_the_deal_and_the_conversion(b24, receiver, handler):
    b24.control("settings", {"crm_mode": 2})
    b24.control("outbound", {"handler": handler, "events": LEADS})
    b24.call("crm.lead.add", fields={"TITLE": "x", "NAME": "Иван"})
    assert names(receiver.wait(3)) == ["ONCRMDEALADD", "ONCRMLEADADD", "ONCRMLEADUPDATE"]


def test_an_event_that_is_not_answered_is_lost(b24, receiver, handler):
    b24.control("outbound", {"handler": handler, "events": LEADS})
    receiver.statuses.append(503)
    number = b24.call("crm.lead.add", fields={"TITLE": "x"})
    settled(b24, 1, "lost")
    b24.call("crm.lead.update", id=number, fields={"TITLE": "y"})
    settled(b24, 1)
    assert names(receiver.forms) == ["ONCRMLEADADD", "ONCRMLEADUPDATE"]
    assert [row["status"] for row in b24.control("webhooks", method="GET")] == [503, 200]


def test_events_are_dropped_and_doubled_on_demand(b24, receiver, handler):
    b24.control("outbound", {"handler": handler, "events": LEADS})
    b24.control("webhook_faults", {"drop": 1})
    b24.call("crm.lead.add", fields={"TITLE": "x"})
    b24.control("webhook_faults", {"double": 1})
    b24.call("crm.lead.add", fields={"TITLE": "y"})
    settled(b24, 2)
    assert names(receiver.forms) == ["ONCRMLEADADD", "ONCRMLEADADD"]
    assert b24.stats()["webhooks"] == {"dropped": 1, "doubled": 1, "delivered": 2}


def test_nothing_reaches_an_application_that_did_not_finish_installing(b24, app, receiver, handler):
    b24.control("settings", {"app_installed": False})
    assert app.call("app.info")["INSTALLED"] is False
    assert app.call("event.bind", event="ONCRMLEADADD", handler=handler) is True
    b24.call("crm.lead.add", fields={"TITLE": "x"})
    assert b24.stats()["webhooks"] == {}


def test_tokens_out_of_events_lose_their_voice_after_a_few_hops(b24, app, receiver, handler):
    b24.control("settings", {"hops": 1})
    app.call("event.bind", event="ONCRMLEADADD", handler=handler)
    b24.call("crm.lead.add", fields={"TITLE": "0"})
    for heard in (1, 2):
        token = receiver.wait(heard)[-1]["auth[access_token]"]
        type(b24)(b24.portal, token=token).call("crm.lead.add", fields={"TITLE": str(heard)})
    settled(b24, 2)
    assert len(receiver.forms) == 2
    assert b24.page("crm.lead.list")["total"] == 3


def test_bindings_are_listed_refused_twice_and_taken_away(b24, app, handler):
    bind = {"event": "ONCRMLEADADD", "handler": handler}
    app.call("event.bind", **bind)
    assert app.refused("event.bind", **bind)[0] == 400
    assert app.refused("event.bind", event="ONNOTHING", handler=handler) == (
        400,
        "ERROR_EVENT_NOT_FOUND",
        "Event not found",
    )
    assert b24.refused("event.bind", **bind)[:2] == (403, "ACCESS_DENIED")
    assert app.call("event.get") == [{**bind, "auth_type": "0", "offline": 0}]
    assert app.call("event.unbind", **bind) == {"count": 1}
    assert app.call("event.unbind", **bind) == {"count": 0}
    assert "ONCRMDEALADD" in app.call("events")


def test_only_an_administrator_binds_the_offline_queue_or_for_others(b24, handler):
    anna = b24.as_app(ANNA)
    assert anna.call("event.bind", event="ONCRMLEADADD", handler=handler) is True
    denied = (403, "ACCESS_DENIED", "Access denied!")
    assert anna.refused("event.bind", event="ONCRMLEADADD", event_type="offline") == denied
    assert anna.refused("event.bind", event="ONCRMDEALADD", handler=handler, auth_type=ROBOT) == denied
    assert anna.refused("event.offline.get") == denied


def test_a_test_event_carries_what_was_sent(app, receiver, handler):
    app.call("event.bind", event="ONAPPTEST", handler=handler)
    assert app.call("event.test", any="data") == 1
    assert receiver.wait(1)[0]["data[QUERY][any]"] == "data"


def test_the_offline_queue_keeps_one_row_for_each_object(b24, app):
    app.call("event.bind", event="ONCRMDEALUPDATE", event_type="offline", auth_connector="mw")
    numbers = [b24.call("crm.deal.add", fields={"TITLE": str(n)}) for n in range(2)]
    for number in (*numbers, numbers[0]):
        b24.call("crm.deal.update", id=number, fields={"TITLE": "y"})
    b24.call("crm.deal.update", id=numbers[1], fields={"TITLE": "z"}, auth_connector="mw")
    assert app.call("event.offline.get")["events"] == []
    packet = app.call("event.offline.get", clear=0, auth_connector="mw")
    assert [row["EVENT_DATA"]["FIELDS"]["ID"] for row in packet["events"]] == numbers
    assert app.call("event.offline.get", clear=0, auth_connector="mw")["events"] == []
    again = app.call("event.offline.get", clear=0, auth_connector="mw", process_id=packet["process_id"])
    assert len(again["events"]) == 2
    first = packet["events"][0]["MESSAGE_ID"]
    assert app.call("event.offline.error", process_id=packet["process_id"], message_id=[first]) is True
    assert [row["ERROR"] for row in app.call("event.offline.list")] == ["1", "0"]
    app.call("event.offline.clear", process_id=packet["process_id"])
    assert app.page("event.offline.list")["total"] == 0


def test_reading_the_offline_queue_empties_it_unless_told_otherwise(b24, app):
    app.call("event.bind", event="ONCRMLEADADD", event_type="offline")
    b24.call("crm.lead.add", fields={"TITLE": "x"})
    assert len(app.call("event.offline.get")["events"]) == 1
    assert app.call("event.offline.get")["events"] == []


def test_the_signal_says_that_the_queue_is_not_empty(b24, app, receiver, handler):
    app.call("event.bind", event="ONCRMLEADADD", event_type="offline")
    app.call("event.bind", event="ONOFFLINEEVENT", handler=handler)
    b24.call("crm.lead.add", fields={"TITLE": "x"})
    form = receiver.wait(1)[0]
    assert form["event"] == "ONOFFLINEEVENT"
    assert form["auth[refresh_token]"]
    assert not [key for key in form if key.startswith("data")]


def test_installing_the_application_posts_its_tokens(b24, receiver, handler):
    b24.control("install", {"handler": handler})
    form = receiver.wait(1)[0]
    assert (form["event"], form["data[INSTALLED]"], form["auth[user_id]"]) == ("ONAPPINSTALL", "Y", str(ROBOT))
    query = {"grant_type": "refresh_token", "refresh_token": form["auth[refresh_token]"]}
    client = {"client_id": b24.portal.seed.client_id, "client_secret": b24.portal.seed.client_secret}
    fresh = b24.session.get(f"{b24.portal.url}/oauth/token/", params={**query, **client}, timeout=30).json()
    assert fresh["access_token"] != form["auth[access_token]"]


def test_tasks_and_calls_have_payloads_of_their_own(b24, app, receiver, handler):
    for event in ("ONTASKADD", "ONTASKDELETE", "ONCRMACTIVITYADD", "ONVOXIMPLANTCALLEND"):
        app.call("event.bind", event=event, handler=handler)
    task = b24.call("tasks.task.add", fields={"TITLE": "x", "RESPONSIBLE_ID": ANNA})["task"]["id"]
    form = receiver.wait(1)[0]
    assert (form["data[FIELDS_AFTER][ID]"], form["data[FIELDS_BEFORE]"]) == (task, "undefined")
    b24.call("tasks.task.delete", taskId=task)
    assert receiver.wait(2)[1]["data[FIELDS_BEFORE][ID]"] == task
    b24.call("crm.lead.add", fields={"TITLE": "x", "PHONE": [{"VALUE": "+79990001122"}]})
    call = app.call("telephony.externalCall.register", USER_ID=ANNA, PHONE_NUMBER="+79990001122", TYPE=2)["CALL_ID"]
    row = app.call("telephony.externalCall.finish", CALL_ID=call, USER_ID=ANNA, DURATION=95)
    forms = {form["event"]: form for form in receiver.wait(4)}
    assert forms["ONCRMACTIVITYADD"]["data[FIELDS][ID]"] == str(row["CRM_ACTIVITY_ID"])
    ended = forms["ONVOXIMPLANTCALLEND"]
    assert (ended["data[CALL_ID]"], ended["data[CALL_DURATION]"], ended["data[CALL_FAILED_CODE]"]) == (
        call,
        "95",
        "200",
    )
    assert ended["data[CRM_ACTIVITY_ID]"] == str(row["CRM_ACTIVITY_ID"])


def test_an_uninstalled_application_hears_of_it_without_tokens(b24, app, receiver, handler):
    app.call("event.bind", event="ONAPPUNINSTALL", handler=handler)
    b24.control("oauth/revoke")
    form = receiver.wait(1)[0]
    assert (form["event"], form["data[CLEAN]"]) == ("ONAPPUNINSTALL", "1")
    assert not [key for key in form if "access_token" in key]
    assert app.refused("profile")[1] == "invalid_token"
    assert b24.as_app().call("event.get") == []


def test_a_comments_event_has_its_id_in_either_place(b24, receiver, handler):
    b24.control("outbound", {"handler": handler, "events": ["ONCRMTIMELINECOMMENTADD"]})
    owner = {"ENTITY_TYPE": "deal", "ENTITY_ID": b24.call("crm.deal.add", fields={"TITLE": "x"}), "COMMENT": "x"}
    numbers = [b24.call("crm.timeline.comment.add", fields=owner)]
    receiver.wait(1)
    b24.control("settings", {"flat_comment_events": True})
    numbers.append(b24.call("crm.timeline.comment.add", fields=owner))
    first, second = receiver.wait(2)
    assert [first["data[FIELDS][ID]"], second["data[ID]"]] == [str(number) for number in numbers]


def test_a_robot_of_a_stage_calls_an_address_without_a_secret(b24, receiver, handler):
    b24.control("robot", {"url": f"{handler}?deal_id=101", "document": "DEAL_101"})
    form = receiver.wait(1)[0]
    document = [form[f"document_id[{place}]"] for place in range(3)]
    assert document == ["crm", "CCrmDocumentDeal", "DEAL_101"]
    assert "auth[application_token]" not in form
    assert receiver.queries[0] == {"deal_id": "101"}
