"""Commands of a batch, values of fields, lists that are walked: the parts that need no portal."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from connectors.bitrix24 import fields as custom
from connectors.bitrix24.client import Client, Webhook, mapping, moment, rows_of
from connectors.bitrix24.operating import Operating
from connectors.bitrix24.problems import classify
from connectors.bitrix24.query import Command, Ref
from connectors.crm.names import CustomField
from connectors.http import Http, Limit
from provodka.errors import RateLimited, Rejected

BASE = "https://demo.bitrix24.ru/rest/1/secret"
MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 8, 24, 7, 15, tzinfo=UTC)


@pytest.fixture
def client(store):
    http = Http(BASE, Limit("portal", 1000, 1000), store, classify=classify, sleep=lambda _: None)
    client = Client(http, Webhook(), Operating(480, lambda: NOW, lambda _: None))
    yield client
    client.close()


def test_a_command_is_a_php_query_with_references_to_earlier_results():
    fields = {"PHONE": [{"VALUE": "+7999", "VALUE_TYPE": "WORK"}], "contactIds": [Ref("c1")], "on": True, "no": None}
    command = Command("crm.item.add", {"fields": fields})
    assert command.text() == (
        "crm.item.add?fields[PHONE][0][VALUE]=%2B7999&fields[PHONE][0][VALUE_TYPE]=WORK"
        "&fields[contactIds][0]=$result[c1]&fields[on]=1&fields[no]="
    )
    assert str(Ref("p0", ("items", "49", "id"))) == "$result[p0][items][49][id]"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_whatever_a_visitor_types_comes_through_and_never_becomes_a_reference(text):
    query = Command("m", {"fields": {"TITLE": text}}).text().partition("?")[2]
    [(name, value)] = parse_qsl(query, keep_blank_values=True)
    assert name == "fields[TITLE]"
    assert value == text or value.replace("＄", "$", 1) == text
    assert not value.lstrip().lower().startswith("$result")


def test_a_reference_typed_by_a_visitor_is_only_a_text():
    assert "%EF%BC%84result" in Command("m", {"t": "$result[c1]"}).text()


@pytest.mark.parametrize(
    ("kind", "multiple", "text", "written", "shown"),
    [
        ("string", False, " срочно ", "срочно", "срочно"),
        ("string", True, "один", ["один"], "один"),
        ("integer", False, "1 500", 1500, "1500"),
        ("double", False, "1,5", 1.5, "1.5"),
        ("money", False, "100", "100|RUB", "100"),
        ("boolean", False, "да", 1, "да"),
        ("boolean", False, "нет", 0, "нет"),
        ("date", False, "05.01.2026", "2026-01-05", "2026-01-05"),
        ("datetime", False, "05.01.2026 9:30", "2026-01-05T09:30:00+03:00", "2026-01-05T09:30"),
        ("enumeration", False, "сайт", "79", "Сайт"),
        ("enumeration", True, "Сайт, Звонок", ["79", "80"], "Сайт, Звонок"),
        ("string", False, "", "", ""),
    ],
)
def test_values_of_fields_go_there_and_come_back(kind, multiple, text, written, shown):
    field = CustomField("ufCrm_1", "Поле", kind, "UF_CRM_1", {"Сайт": "79", "Звонок": "80"}, multiple)
    assert custom.encode(field, text, MOSCOW) == written
    assert custom.decode(field, written) == shown


@pytest.mark.parametrize("nothing", [None, False, "", [], [""]])
def test_every_way_of_saying_that_a_field_is_empty_is_understood(nothing):
    assert custom.decode(CustomField("x", "Поле", "string", "X"), nothing) == ""


def test_an_option_that_the_portal_has_not_is_refused_with_the_nearest():
    field = CustomField("x", "Канал", "enumeration", "X", {"Сайт": "79"})
    with pytest.raises(Rejected) as caught:
        custom.encode(field, "Сойт", MOSCOW)
    assert "«Сайт»" in caught.value.hint


def test_empty_maps_are_lists_and_lists_come_in_wrappers():
    assert mapping([]) == {} == mapping(None)
    assert mapping([{"error": ""}]) == {"0": {"error": ""}}
    assert rows_of({"items": [{"id": 1}]}) == rows_of([{"id": 1}]) == [{"id": 1}]
    assert rows_of([]) == rows_of({"tasks": []}) == []


def test_times_are_read_with_their_offset_and_leaks_of_date_objects_are_no_times():
    assert moment("2026-08-24T10:15:00+03:00") == NOW == moment("2026-08-24T07:15:00+00:00")
    assert moment({}) == moment("") == moment(None) == datetime.fromtimestamp(0, UTC)


def answer(result, **more):
    time = {"date_start": "2026-08-24T10:15:00+03:00", "duration": 0.1, "operating": 0}
    return {"result": result, "time": time, **more}


def batched(results, errors=None):
    inner = {"result": results or [], "result_error": errors or [], "result_total": [], "result_next": []}
    return answer({**inner, "result_time": []})


def commands(call):
    return json.loads(call.request.body)["cmd"]


@responses.activate
def test_a_list_is_walked_by_its_ids_without_counting_and_ends_with_the_first_short_page(client):
    rows = [{"ID": str(n)} for n in range(1, 121)]
    responses.post(f"{BASE}/batch", json=batched({"p0": rows[:50], "p1": rows[50:100]}))
    # behind the short page the reference leads nowhere, and the portal begins anew
    responses.post(f"{BASE}/batch", json=batched({"p0": rows[100:], "p1": rows[:50]}))
    pages = list(client.walk("crm.contact.list", {"select": ["ID"]}, chain=2))
    assert [len(page) for page in pages] == [50, 50, 20]
    first, second = (commands(call) for call in responses.calls)
    assert first["p0"].endswith("&order[ID]=ASC&filter[%3EID]=0&start=-1")
    assert "filter[%3EID]=$result[p0][49][ID]" in first["p1"]
    assert "filter[%3EID]=100" in second["p0"]


@responses.activate
def test_a_filter_is_written_in_the_portals_own_offset(client):
    responses.post(f"{BASE}/profile", json=answer({"ID": "1"}))
    client.call("profile")
    assert client.written(NOW) == "2026-08-24T10:15:00+03:00"


@responses.activate
def test_every_call_is_a_post_with_json(client):
    responses.post(f"{BASE}/crm.duplicate.findbycomm", json=answer([]))
    assert client.call("crm.duplicate.findbycomm", {"values": ["+7999"]}) == []
    request = responses.calls[0].request
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"]
    assert json.loads(request.body) == {"values": ["+7999"]}


@responses.activate
def test_each_command_of_a_batch_has_its_own_error(client):
    errors = {"b": {"error": "", "error_description": "Not found"}, "c": {"error": "ERROR_CORE"}}
    responses.post(f"{BASE}/batch", json=batched({"a": 1}, errors))
    found = client.batch({one: Command("crm.lead.get", {"id": 1}) for one in "abc"}, write=True)
    assert found.get("a") == 1
    assert {key: error.code for key, error in found.errors.items()} == {"b": "not_found", "c": "ERROR_CORE"}
    with pytest.raises(Rejected):
        found.get("b")


class Clock:
    def __init__(self):
        self.now = NOW
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)

    def time(self, operating, duration=1.0):
        reset = (self.now + timedelta(seconds=300)).timestamp()
        return {"operating": operating, "operating_reset_at": reset, "duration": duration}


def test_a_method_slows_down_before_its_wall_and_the_others_go_on():
    clock = Clock()
    operating = Operating(480, clock, clock.sleep)
    operating.learn("crm.item.add", clock.time(100))
    operating.pass_through({"crm.item.add"})
    assert clock.slept == []
    operating.learn("crm.item.add", clock.time(400, duration=300.0))
    operating.pass_through({"crm.item.list"})
    assert clock.slept == []
    with pytest.raises(RateLimited) as caught:
        operating.pass_through({"crm.item.add", "crm.contact.add"})
    assert caught.value.wait == pytest.approx(300 * 600 / 480), "as long as the budget takes to grow back"
    clock.now += timedelta(seconds=400)
    operating.pass_through({"crm.item.add"})


def test_near_the_wall_a_cheap_call_only_waits_a_little():
    clock = Clock()
    operating = Operating(480, clock, clock.sleep)
    operating.learn("crm.item.add", clock.time(399.5))
    operating.learn("crm.item.add", clock.time(400.0, duration=0.5))
    operating.pass_through({"crm.item.add"})
    assert clock.slept == [pytest.approx(0.5 * 600 / 480)]


def test_a_blocked_method_waits_until_some_of_its_count_leaves():
    clock = Clock()
    operating = Operating(480, clock, clock.sleep)
    assert operating.blocked("crm.item.add") == 60
    operating.learn("crm.item.list", clock.time(479))
    assert operating.blocked("crm.item.list") == pytest.approx(300)


def test_a_portal_that_counts_nothing_is_never_slowed_down():
    clock = Clock()
    operating = Operating(480, clock, clock.sleep)
    operating.learn("profile", {"start": 1, "duration": 1000})
    operating.pass_through({"profile"})
    assert clock.slept == []


@responses.activate
def test_a_blocked_method_holds_itself_but_not_the_portal(client, store):
    blocked = {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked due to operation time limit"}
    responses.post(f"{BASE}/crm.item.list", json=blocked, status=429)
    responses.post(f"{BASE}/profile", json=answer({"ID": "1"}))
    with pytest.raises(RateLimited) as caught:
        client.call("crm.item.list")
    assert caught.value.wait == 60
    assert store.holds == []
    assert client.call("profile") == {"ID": "1"}
    with pytest.raises(RateLimited):
        client.call("crm.item.list")
    assert len(responses.calls) == 2, "it is not called again before its time"


@responses.activate
def test_a_method_that_is_blocked_inside_a_batch_holds_itself(client):
    blocked = {"a": {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"}}
    responses.post(f"{BASE}/batch", json=batched({"b": 1}, blocked))
    found = client.batch({"a": Command("crm.item.add"), "b": Command("crm.contact.add")}, write=True)
    assert (type(found.errors["a"]), found.errors["a"].wait, found.results) == (RateLimited, 60, {"b": 1})
