"""Reminders, calls, letters, tasks, product rows, papers, files and channels."""

import base64

import pytest
import requests

from tests.sandbox.bitrix24_client import ANNA, IVAN, phone

PDF = base64.b64encode(b"%PDF-1.7").decode()
EMPTY_CALL = "Call is not found (call should be registered prior to finishing"


@pytest.fixture
def deal(b24):
    return b24.call("crm.deal.add", fields={"TITLE": "Крыша"})


@pytest.fixture
def app(b24):
    app = b24.as_app()
    yield app
    app.session.close()


def test_a_reminder_is_moved_and_done(b24, deal):
    owner = {"ownerTypeId": 2, "ownerId": deal}
    made = {**owner, "deadline": "2026-08-24 15:00:00", "title": "Перезвонить", "responsibleId": ANNA}
    number = b24.call("crm.activity.todo.add", **made)["id"]
    wanted = {"OWNER_TYPE_ID": 2, "OWNER_ID": deal, "COMPLETED": "N", "PROVIDER_ID": "CRM_TODO"}
    row = b24.call("crm.activity.list", filter=wanted, select=["ID", "SUBJECT", "DEADLINE"])[0]
    assert row == {"ID": str(number), "SUBJECT": "Перезвонить", "DEADLINE": "2026-08-24T15:00:00+03:00"}
    b24.call("crm.activity.todo.updateDeadline", **owner, id=number, value="2026-08-25T12:00:00+05:00")
    assert b24.call("crm.activity.get", id=number)["DEADLINE"] == "2026-08-25T10:00:00+03:00"
    assert b24.call("crm.activity.update", id=number, fields={"COMPLETED": "Y"}) is True
    assert b24.call("crm.activity.list", filter=wanted) == []
    wrong = {**owner, "deadline": "завтра"}
    assert b24.refused("crm.activity.todo.add", **wrong)[1] == "WRONG_DATETIME_FORMAT"
    assert b24.refused("crm.activity.todo.add", **{**made, "ownerId": 9})[1] == "OWNER_NOT_FOUND"


def test_a_call_is_logged_with_whom_it_was(b24):
    person = b24.call(
        "crm.contact.add", fields={"NAME": "Иван", "LAST_NAME": "Петров", "PHONE": [phone("+79990001122")]}
    )
    call = {
        "OWNER_TYPE_ID": 3,
        "OWNER_ID": person,
        "TYPE_ID": 2,
        "SUBJECT": "Входящий звонок",
        "RESPONSIBLE_ID": ANNA,
        "DIRECTION": 1,
        "COMPLETED": "Y",
        "START_TIME": "2026-08-24T10:13:00+03:00",
        "COMMUNICATIONS": [{"VALUE": "+79990001122", "ENTITY_ID": person, "ENTITY_TYPE_ID": 3}],
        "ORIGINATOR_ID": "mw",
        "ORIGIN_ID": "call:1",
    }
    number = b24.call("crm.activity.add", fields=call)
    assert b24.call("crm.activity.get", id=number)["DEADLINE"] == "2026-08-24T10:13:00+03:00"
    found = b24.call("crm.activity.list", filter={"ORIGIN_ID": "call:1"}, select=["ID", "COMMUNICATIONS"])[0]
    assert found["COMMUNICATIONS"][0]["ENTITY_SETTINGS"] == {"NAME": "Иван", "LAST_NAME": "Петров"}
    assert b24.refused("crm.activity.add", fields={**call, "COMMUNICATIONS": []})[0] == 400
    assert b24.refused("crm.activity.add", fields={**call, "SUBJECT": ""})[2] == "The field SUBJECT is required."


def test_a_comment_keeps_its_files_and_answers_odd_things(b24, deal):
    owner = {"ENTITY_TYPE": "deal", "ENTITY_ID": deal}
    number = b24.call("crm.timeline.comment.add", fields={**owner, "COMMENT": "Оплата", "FILES": [["a.pdf", PDF]]})
    row = b24.call("crm.timeline.comment.get", id=number)
    file = next(iter(row["FILES"].values()))
    assert (row["AUTHOR_ID"], file["name"], file["size"]) == ("1", "a.pdf", 8)
    assert requests.get(file["urlDownload"], timeout=30).content == b"%PDF-1.7"
    assert b24.call("crm.timeline.comment.update", id=number, fields={"COMMENT": "Оплата прошла"}) == number
    assert b24.call("crm.timeline.comment.list", filter=owner, select=["COMMENT"])[0]["COMMENT"] == "Оплата прошла"
    assert b24.call("crm.timeline.comment.delete", id=number) is None
    assert b24.refused("crm.timeline.comment.add", fields={**owner, "COMMENT": ""})[1] == "INVALID_ARG_VALUE"
    assert b24.refused("crm.timeline.comment.add", FIELDS={**owner, "COMMENT": "x"})[1] == "100"
    assert (
        b24.refused("crm.timeline.comment.add", fields={**owner, "ENTITY_TYPE": "DEAL", "COMMENT": "x"})[1]
        == "OWNER_NOT_FOUND"
    )


def test_a_task_hangs_on_cards_and_is_done_with_a_result(b24, deal):
    fields = {"TITLE": "Подготовить КП", "RESPONSIBLE_ID": ANNA, "UF_CRM_TASK": [f"D_{deal}"], "TAGS": ["mw"]}
    task = b24.call("tasks.task.add", fields={**fields, "DEADLINE": "2026-08-31T18:00:00+03:00"})["task"]
    assert (task["status"], task["deadline"], task["responsible"]["name"]) == (
        "2",
        "2026-08-31T18:00:00+03:00",
        "Анна Смирнова",
    )
    wanted = {"filter": {"UF_CRM_TASK": f"D_{deal}", "!STATUS": 5}, "select": ["ID", "TITLE"]}
    assert [row["id"] for row in b24.call("tasks.task.list", **wanted)["tasks"]] == [task["id"]]
    message = b24.call("task.commentitem.add", TASKID=task["id"], FIELDS={"POST_MESSAGE": "Готово"})
    b24.call("tasks.task.result.addFromComment", commentId=message)
    done = b24.call("tasks.task.complete", taskId=task["id"])["task"]
    assert (done["status"], done["closedBy"]) == ("5", "1")
    assert [row["text"] for row in b24.call("tasks.task.result.list", taskId=task["id"])] == ["Готово"]
    assert b24.call("tasks.task.list", **wanted)["tasks"] == []
    assert b24.call("tasks.task.get", taskId=task["id"], select=["UF_CRM_TASK"])["task"]["ufCrmTask"] == [f"D_{deal}"]


def test_a_task_form_is_refused_in_russian_with_html(b24):
    assert b24.refused("tasks.task.add", fields={"RESPONSIBLE_ID": ANNA}) == (
        400,
        "ERROR_CORE",
        "Не указано название задачи<br>",
    )
    task = b24.call("tasks.task.add", fields={"TITLE": "x", "RESPONSIBLE_ID": ANNA})["task"]["id"]
    assert b24.refused("tasks.task.get", taskId=task, select="ID")[1] == "100"
    assert b24.as_user(IVAN).refused("tasks.task.get", taskId=task)[1] == "ERROR_CORE"
    assert b24.as_user(ANNA).call("tasks.task.get", taskId=task)["task"]["title"] == "x"


def test_a_phone_call_is_registered_once_finished_and_gets_its_record(b24, app):
    person = b24.call("crm.contact.add", fields={"NAME": "Иван", "PHONE": [phone("+79990001122")]})
    call = {"USER_PHONE_INNER": "101", "PHONE_NUMBER": "8 999 000-11-22", "TYPE": 2, "EXTERNAL_CALL_ID": "pbx-1"}
    first = app.call("telephony.externalCall.register", **call)
    assert (first["CRM_ENTITY_TYPE"], first["CRM_ENTITY_ID"], first["CRM_CREATED_LEAD"]) == ("CONTACT", person, None)
    assert app.call("telephony.externalCall.register", **call)["CALL_ID"] == first["CALL_ID"]
    other = app.call("telephony.externalCall.register", **{**call, "EXTERNAL_CALL_ID": "pbx-2"})
    assert other["CALL_ID"] != first["CALL_ID"]
    row = app.call("telephony.externalCall.finish", CALL_ID=first["CALL_ID"], USER_ID=ANNA, DURATION=95)
    assert (row["CALL_FAILED_CODE"], row["PORTAL_USER_ID"], row["CALL_START_DATE"]) == ("200", ANNA, {})
    activity = b24.call("crm.activity.get", id=row["CRM_ACTIVITY_ID"])
    assert (activity["PROVIDER_ID"], activity["OWNER_ID"], activity["COMPLETED"]) == (
        "VOXIMPLANT_CALL",
        str(person),
        "Y",
    )
    record = {"CALL_ID": first["CALL_ID"], "FILENAME": "call.mp3", "RECORD_URL": "http://127.0.0.1:9/r.mp3"}
    assert b24.call("telephony.externalCall.attachRecord", **record)["FILE_ID"]
    assert b24.call("voximplant.statistic.get", FILTER={"CALL_ID": first["CALL_ID"]})[0]["CALL_RECORD_URL"].endswith(
        "r.mp3"
    )
    assert app.refused("telephony.externalCall.finish", CALL_ID=first["CALL_ID"], USER_ID=ANNA) == (400, "", EMPTY_CALL)


def test_a_missed_call_stays_open_and_an_unknown_caller_may_become_a_lead(b24, app):
    call = {"USER_ID": ANNA, "PHONE_NUMBER": "+79995554433", "TYPE": 2, "CRM_CREATE": 1, "SHOW": 0}
    made = app.call("telephony.externalCall.register", **call)
    assert made["CRM_CREATED_ENTITIES"] == [{"ENTITY_TYPE": "LEAD", "ENTITY_ID": made["CRM_CREATED_LEAD"]}]
    row = app.call("telephony.externalCall.finish", CALL_ID=made["CALL_ID"], USER_ID=ANNA, STATUS_CODE="304")
    assert b24.call("crm.activity.get", id=row["CRM_ACTIVITY_ID"])["COMPLETED"] == "N"
    found = b24.call("telephony.externalCall.searchCrmEntities", PHONE_NUMBER="+79995554433")
    assert (found[0]["CRM_ENTITY_TYPE"], found[0]["ASSIGNED_BY"]["USER_PHONE_INNER"]) == ("LEAD", "101")


def test_a_webhook_may_not_register_calls_unless_the_portal_lets_it(b24, app):
    call = {"USER_ID": ANNA, "PHONE_NUMBER": "+79990001122", "TYPE": 2}
    assert b24.refused("telephony.externalCall.register", **call)[:2] == (403, "WRONG_AUTH_TYPE")
    b24.control("settings", {"telephony_by_webhook": True})
    assert b24.call("telephony.externalCall.register", **call)["CALL_ID"]
    assert app.refused("telephony.externalCall.register", **{**call, "TYPE": 9})[2] == "Unknown TYPE"
    assert app.refused("telephony.externalCall.register", **{**call, "USER_ID": 8})[1] == "ERROR_CORE"


def test_a_record_is_uploaded_to_the_address_that_was_given(b24, app):
    call = app.call("telephony.externalCall.register", USER_ID=ANNA, PHONE_NUMBER="+79990001122", TYPE=1)["CALL_ID"]
    app.call("telephony.externalCall.finish", CALL_ID=call, USER_ID=ANNA, DURATION=5)
    step = b24.call("telephony.externalCall.attachRecord", CALL_ID=call, FILENAME="call.mp3")
    answer = requests.post(step["uploadUrl"], files={step["fieldName"]: ("call.mp3", b"ID3")}, timeout=30)
    assert answer.json()["result"]["FILE_ID"]


def test_a_click_on_a_number_reaches_the_application_with_a_call_already_there(b24, app, receiver):
    app.call("event.bind", event="ONEXTERNALCALLSTART", handler=f"{receiver.url}/hook")
    made = b24.control("dial", {"user_id": ANNA, "phone": "+79990001122"})
    form = receiver.wait(1)[0]
    assert (form["data[CALL_ID]"], form["data[USER_ID]"]) == (made["call_id"], str(ANNA))
    assert app.call("telephony.externalCall.finish", CALL_ID=made["call_id"], USER_ID=ANNA, DURATION=10)["ID"]


def test_product_rows_replace_all_and_drive_the_amount(b24, deal):
    rows = [{"productName": "Внедрение", "price": 12000, "quantity": 2, "taxRate": 20, "taxIncluded": "Y"}]
    made = b24.call("crm.item.productrow.set", ownerType="D", ownerId=deal, productRows=rows)["productRows"]
    assert (made[0]["priceExclusive"], made[0]["measureCode"]) == (10000, 796)
    assert b24.call("crm.deal.get", id=deal)["OPPORTUNITY"] == "24000.00"
    wanted = {"=ownerType": "D", "=ownerId": deal}
    assert b24.page("crm.item.productrow.list", filter=wanted)["total"] == 1
    assert (
        b24.call("crm.deal.productrows.set", id=deal, rows=[{"PRODUCT_NAME": "x", "PRICE": 5, "QUANTITY": 1}]) is True
    )
    assert b24.call("crm.deal.productrows.get", id=deal)[0]["PRICE"] == 5
    b24.call("crm.item.productrow.set", ownerType="D", ownerId=deal, productRows=[])
    assert b24.call("crm.deal.get", id=deal)["OPPORTUNITY"] == "0.00"
    assert b24.refused("crm.item.productrow.set", ownerType="D", ownerId=9, productRows=[])[1] == "OWNER_NOT_FOUND"


def test_an_invoice_is_found_by_its_key_and_paid(b24, deal):
    fields = {"title": "Счёт 55", "xmlId": "1c:55", "parentId2": deal, "opportunity": 15000}
    item = b24.call("crm.item.add", entityTypeId=31, fields=fields)["item"]
    assert (item["stageId"], item["categoryId"], item["parentId2"]) == ("DT31_3:N", 3, deal)
    found = b24.call("crm.item.list", entityTypeId=31, filter={"=xmlId": "1c:55"}, select=["id"], start=-1)
    assert found["items"] == [{"id": item["id"]}]
    payment = b24.call("crm.item.payment.add", entityId=item["id"], entityTypeId=31)
    assert b24.call("crm.item.payment.pay", id=payment) is True
    assert b24.call("crm.item.payment.list", entityId=item["id"], entityTypeId=31)[0]["paid"] == "Y"
    paid = {"entityTypeId": 31, "id": item["id"], "fields": {"stageId": "DT31_3:P"}}
    assert b24.call("crm.item.update", **paid)["item"]["stageId"] == "DT31_3:P"


def test_requisites_are_found_by_inn(b24):
    company = b24.call("crm.company.add", fields={"TITLE": "ООО Ромашка"})
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "Основные", "RQ_INN": "7700000000"}
    number = b24.call("crm.requisite.add", fields=fields)
    found = b24.call("crm.requisite.list", filter={"RQ_INN": "7700000000"}, select=["ID", "ENTITY_ID"])
    assert found == [{"ID": str(number), "ENTITY_ID": str(company)}]
    bank = {"ENTITY_ID": number, "NAME": "Расчётный", "RQ_BIK": "044525000"}
    assert b24.call("crm.requisite.bankdetail.add", fields=bank)
    wrong = b24.refused("crm.requisite.add", fields={"ENTITY_ID": company, "PRESET_ID": 1, "NAME": "x"})
    assert wrong == (400, "", "ENTITY_TYPE_ID is not defined or invalid.")
    own = b24.call("crm.item.list", entityTypeId=4, filter={"isMyCompany": "Y"}, select=["title"])["items"]
    assert own == [{"id": 1, "title": "ООО «Кровля Плюс»"}]


def test_a_notification_with_the_same_tag_takes_the_place_of_the_old_one(b24):
    note = {"USER_ID": ANNA, "MESSAGE": "Новая заявка", "TAG": "mw|lead|1", "CLIENT_ID": "mw"}
    first, second = b24.call("im.notify.personal.add", **note), b24.call("im.notify.personal.add", **note)
    assert second == first + 1
    assert b24.stats()["objects"]["notifications"] == 1
    assert b24.call("im.notify.system.add", USER_ID=999, MESSAGE="x") is False
    assert b24.refused("im.notify.personal.add", MESSAGE="x")[1] == "USER_ID_EMPTY"
    assert b24.refused("im.message.add", DIALOG_ID="5", MESSAGE="")[1] == "MESSAGE_EMPTY"


def test_a_file_lands_on_the_disk_in_one_step_or_in_two(b24):
    storage = b24.call("disk.storage.getlist", filter={"ENTITY_TYPE": "user", "ENTITY_ID": ANNA})[0]
    root = storage["ROOT_OBJECT_ID"]
    made = b24.call("disk.folder.uploadfile", id=root, data={"NAME": "a.pdf"}, fileContent=["a.pdf", PDF])
    assert requests.get(made["DOWNLOAD_URL"], timeout=30).content == b"%PDF-1.7"
    step = b24.call("disk.folder.uploadfile", id=root)
    answer = requests.post(step["uploadUrl"], files={step["field"]: ("a.pdf", b"two")}, timeout=30).json()["result"]
    assert (answer["NAME"], answer["SIZE"]) == ("a (1).pdf", "3")
    assert (
        b24.refused("disk.folder.uploadfile", id=9, data={"NAME": "x"}, fileContent=["x", PDF])[1] == "ERROR_NOT_FOUND"
    )
    assert (
        b24.refused("disk.folder.uploadfile", id=root, data={}, fileContent=["x", PDF])[1] == "DISK_BASE_SERVICE_22001"
    )


def test_a_file_field_keeps_what_is_named_by_its_id(b24, deal):
    b24.call("crm.deal.userfield.add", fields={"FIELD_NAME": "ACT", "USER_TYPE_ID": "file"})

    def write(value):
        item = b24.call("crm.item.update", entityTypeId=2, id=deal, fields={"ufCrmAct": value})["item"]
        return item["ufCrmAct"]

    made = write(["act.pdf", PDF])
    assert requests.get(made["urlMachine"], timeout=30).content == b"%PDF-1.7"
    assert write({"id": made["id"]}) == made
    assert write("") is None


def test_a_client_writes_into_an_open_line_and_the_operator_answers(b24, app, receiver):
    line = {"CONNECTOR": "mw_tg", "LINE": 1}
    icon, page = {"DATA_IMAGE": "data:image/svg+xml,%3Csvg/%3E"}, "https://mw.example.ru/connector"
    given = {"ID": "mw_tg", "NAME": "Telegram", "ICON": icon, "PLACEMENT_HANDLER": page}
    assert app.call("imconnector.register", **given) == {"result": True}
    for missing, code in (("ID", "CONNECTOR_ID_REQUIRED"), ("ICON", "ICON_REQUIRED"), ("NAME", "NAME_REQUIRED")):
        assert app.call("imconnector.register", **{**given, missing: ""})["error"] == code
    assert app.call("imconnector.register", **{**given, "PLACEMENT_HANDLER": ""})["error"] == "NO_PLACEMENT_HANDLER"
    message = {
        "user": {"id": "tg-1", "name": "Иван"},
        "message": {"id": "m1", "text": "Здравствуйте"},
        "chat": {"id": "tg-1"},
    }
    assert app.refused("imconnector.send.messages", **line, MESSAGES=[message])[1] == "NOT_ACTIVE_LINE"
    assert app.call("imconnector.activate", **line, ACTIVE="1") is True
    app.call("imconnector.connector.data.set", **line, DATA={"ID": "bot"})
    assert app.call("imconnector.status", **line)["CONFIGURED"] is True
    digits = {**message, "user": {"id": "tg-2", "name": "Иван77"}}
    result = app.call("imconnector.send.messages", **line, MESSAGES=[message, digits])["DATA"]["RESULT"]
    assert [row["SUCCESS"] for row in result] == [True, False]
    empty = {**message, "message": {"id": "m2"}}
    refused = app.call("imconnector.send.messages", **line, MESSAGES=[empty])["DATA"]["RESULT"]
    assert [row["SUCCESS"] for row in refused] == [False]
    app.call("event.bind", event="ONIMCONNECTORMESSAGEADD", handler=f"{receiver.url}/hook")
    b24.control("reply", {"connector": "mw_tg", "line": 1, "chat": "tg-1", "text": "Добрый день!", "user_id": ANNA})
    form = receiver.wait(1)[0]
    assert form["data[MESSAGES][0][message][text]"] == "[b]Анна Смирнова:[/b] [br]Добрый день!"
    assert form["data[MESSAGES][0][im][chat_id]"] == result[0]["session"]["CHAT_ID"]
    assert b24.refused("imconnector.status", **line)[:2] == (403, "WRONG_AUTH_TYPE")


def test_a_text_message_goes_to_the_provider_and_comes_back_with_its_fate(b24, app, receiver):
    sender = {"CODE": "mw_sms", "TYPE": "SMS", "HANDLER": f"{receiver.url}/hook", "NAME": "SMS"}
    assert app.call("messageservice.sender.add", **sender) is True
    sent = b24.control("sms", {"code": "mw_sms", "phone": "+79990001122", "text": "Заказ готов"})
    form = receiver.wait(1)[0]
    assert (form["message_to"], form["message_body"], form["message_id"]) == (
        "+79990001122",
        "Заказ готов",
        sent["message_id"],
    )
    fate = {"CODE": "mw_sms", "MESSAGE_ID": sent["message_id"]}
    assert app.call("messageservice.message.status.update", **fate, STATUS="delivered") is True
    assert (
        app.refused("messageservice.message.status.update", **fate, STATUS="lost")[1]
        == "ERROR_MESSAGE_STATUS_INCORRECT"
    )


def test_workflows_triggers_and_traces_take_cards_that_are_there(b24, app, deal):
    document = ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]
    assert b24.call("bizproc.workflow.start", TEMPLATE_ID=49, DOCUMENT_ID=document)
    assert b24.refused("bizproc.workflow.start", DOCUMENT_ID=document)[1] == "ERROR_WRONG_WORKFLOW_ID"
    assert b24.as_user(ANNA).refused("bizproc.workflow.start", TEMPLATE_ID=49, DOCUMENT_ID=document)[0] == 403
    assert app.call("crm.automation.trigger.add", CODE="mw_paid", NAME="Оплата") is True
    assert app.call("crm.automation.trigger.execute", CODE="mw_paid", OWNER_TYPE_ID=2, OWNER_ID=deal) is True
    assert app.refused("crm.automation.trigger.execute", CODE="mw_paid", OWNER_TYPE_ID=99, OWNER_ID=1)[0] == 400
    assert b24.call("crm.automation.trigger", target=f"DEAL_{deal}", code="x") is True
    assert b24.call("crm.tracking.trace.add", TRACE="{}", ENTITIES=[{"TYPE": "DEAL", "ID": deal}])


def test_a_paper_is_ready_half_a_minute_later(b24, deal):
    made = {"templateId": 39, "entityTypeId": 2, "entityId": deal, "values": {"DocumentNumber": "7"}}
    paper = b24.call("crm.documentgenerator.document.add", **made)["document"]
    assert paper["title"] == "Счёт 7"
    assert "pdfUrlMachine" not in b24.call("crm.documentgenerator.document.get", id=paper["id"])["document"]
    b24.control("clock", {"advance": 40})
    ready = b24.call("crm.documentgenerator.document.get", id=paper["id"])["document"]
    assert (ready["id"], "pdfUrlMachine" in ready) == (str(paper["id"]), True)
    assert b24.refused("crm.documentgenerator.document.add", **{**made, "entityTypeId": 999})[1] == "0"


def test_a_bot_polls_its_events_and_says_something(b24):
    fields = {"code": "mw_bot", "botToken": "secret", "properties": {"name": "Помощник"}}
    bot = b24.call("imbot.v2.Bot.register", fields=fields)["bot"]["id"]
    assert b24.call("imbot.v2.Bot.register", fields=fields)["bot"]["id"] == bot
    who = {"botId": bot, "botToken": "secret"}
    assert b24.call("imbot.v2.Chat.Message.send", **who, dialogId="5", fields={"message": "Новая заявка"})["id"]
    assert b24.refused("imbot.v2.Chat.Message.send", **who, dialogId="5", fields={})[1] == "EMPTY_MESSAGE"
    assert b24.call("imbot.v2.Event.get", **who, offset=7) == {"events": [], "nextOffset": 7, "hasMore": False}
