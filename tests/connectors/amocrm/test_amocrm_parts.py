"""The small parts by themselves: paging that ends, batches that are taken apart, values that are translated."""

from zoneinfo import ZoneInfo

import pytest
import responses
from pydantic import SecretStr

from connectors.amocrm import fields as custom
from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Client
from connectors.amocrm.oauth import LongLived
from connectors.crm.names import CustomField, nearest, plain
from connectors.http import Http, Limit, Reply
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done

BASE = "https://krovlya.amocrm.ru"
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
def client(store):
    http = Http(BASE, Limit("a", 1000.0), store)
    yield Client(http, LongLived(SecretStr("t")))
    http.close()


def page(ids, following=None):
    links = {"self": {"href": f"{BASE}/api/v4/leads"}, **({"next": {"href": following}} if following else {})}
    return {"_links": links, "_embedded": {"leads": [{"id": one} for one in ids]}}


def read(client):
    return [[item["id"] for item in items] for _, items in client.pages("/leads", "leads")]


def answer(*bodies):
    for body in bodies:
        responses.add("GET", f"{BASE}/api/v4/leads", json=body)


@responses.activate
def test_pages_are_read_while_the_next_one_is_linked(client):
    answer(page([1, 2], f"{BASE}/api/v4/leads?page=2"), page([3], f"{BASE}/api/v4/leads?page=3"), page([4]))
    assert read(client) == [[1, 2], [3], [4]]
    assert [call.request.params["page"] for call in responses.calls] == ["1", "2", "3"]


@responses.activate
def test_204_is_an_empty_list(client):
    responses.add("GET", f"{BASE}/api/v4/leads", status=204)
    assert read(client) == []


@responses.activate
def test_a_last_page_that_links_to_itself_ends_the_reading(client):
    answer(page([1], f"{BASE}/api/v4/leads?page=2"), page([2], f"{BASE}/api/v4/leads?page=2"))
    assert read(client) == [[1], [2]]


@responses.activate
def test_a_last_page_that_comes_again_and_again_ends_the_reading(client):
    endless = f"{BASE}/api/v4/leads?cursor=x"
    answer(page([1], endless), page([2], endless), page([2], endless))
    assert read(client) == [[1], [2]]


@responses.activate
def test_a_link_to_a_foreign_host_is_not_followed(client):
    answer(page([1], "https://evil.example.org/api/v4/leads?page=2"), page([2]))
    assert read(client) == [[1], [2]]
    assert {call.request.url.partition("/api")[0] for call in responses.calls} == {BASE}


class Server:
    """Refuses what is bad in the way that is asked for; keeps what it stored."""

    def __init__(self, bad=(), *, names=True):
        self.bad, self.names = set(bad), names
        self.sent, self.stored = [], []

    def send(self, items):
        self.sent.append([item["name"] for item in items])
        wrong = [item for item in items if item["name"] in self.bad]
        if wrong:
            rows = [
                {"request_id": i["request_id"], "errors": [{"code": "InvalidType", "path": "name", "detail": "?"}]}
                for i in wrong
            ]
            data = {"validation-errors": rows} if self.names else {"detail": "Request validation failed"}
            return Reply(400, {}, b"x", data, write=True)
        self.stored += [item["name"] for item in items]
        return Reply(200, {}, b"x", {}, write=True)

    def run(self, *names, **more):
        told = lambda _, indices: {index: Done(names[index]) for index in indices}  # noqa: E731
        return deliver([{"name": name} for name in names], self.send, told, **more)


def test_a_named_bad_item_is_left_out_and_the_others_go_again_at_once():
    server = Server(bad=["б"])
    a, b, c = server.run("а", "б", "в")
    assert (a, c) == (Done("а"), Done("в"))
    assert isinstance(b, Rejected)
    assert server.sent == [["а", "б", "в"], ["а", "в"]]


def test_where_nobody_is_named_the_list_is_halved_until_the_bad_one_is_alone():
    server = Server(bad=["7"], names=False)
    outcomes = server.run(*"0123456789")
    assert [type(one) for one in outcomes] == [Rejected if name == "7" else Done for name in "0123456789"]
    assert sorted(server.stored) == list("012345689")


def test_what_a_refused_list_stored_all_the_same_is_not_sent_again():
    server = Server(bad=["б"])
    a, _, c = server.run("а", "б", "в", already=lambda indices: {0: Done("а", found=True)} if 0 in indices else {})
    assert (a, c) == (Done("а", found=True), Done("в"))
    assert server.sent[1:] == [["в"]]


def test_when_that_cannot_be_looked_up_the_outcome_is_open():
    def already(_):
        raise Retryable("no connection")

    a, b = Server(bad=["б"]).run("а", "б", already=already)
    assert isinstance(a, Ambiguous)
    assert isinstance(b, Rejected)


def test_a_fault_in_one_part_leaves_the_outcomes_of_the_others():
    server = Server()

    def send(items):
        if len(server.sent) == 1:
            server.sent.append([])
            raise Ambiguous("cut")
        return server.send(items)

    told = lambda _, indices: {index: Done(str(index)) for index in indices}  # noqa: E731
    outcomes = deliver([{"name": str(n)} for n in range(6)], send, told, size=2)
    assert [type(one) for one in outcomes] == [Done, Done, Ambiguous, Ambiguous, Done, Done]


def test_an_item_that_the_answer_does_not_mention_has_an_open_outcome():
    outcomes = deliver([{"name": "а"}, {"name": "б"}], Server().send, lambda _, indices: {indices[0]: Done("1")})
    assert outcomes[0] == Done("1")
    assert isinstance(outcomes[1], Ambiguous)


OPTIONS = {"Сайт": 1, "Звонок, входящий": 2, "Ещё": 3}


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("text", " дом ", [{"value": "дом"}]),
        ("numeric", "1 500,50", [{"value": 1500.5}]),
        ("monetary", "1500", [{"value": 1500}]),
        ("checkbox", "Да", [{"value": True}]),
        ("checkbox", "", [{"value": False}]),
        ("select", "сайт", [{"enum_id": 1}]),
        ("select", "звонок, входящий", [{"enum_id": 2}]),
        ("multiselect", "Сайт; еще", [{"enum_id": 1}, {"enum_id": 3}]),
        ("multiselect", "Звонок, входящий", [{"enum_id": 2}]),
        ("date", "05.01.2026", [{"value": 1767560400}]),
        ("date", "2026-01-05", [{"value": 1767560400}]),
        ("date_time", "05.01.2026 9:30", [{"value": 1767594600}]),
        ("date_time", "2026-01-05T06:30:00Z", [{"value": 1767594600}]),
        ("text", "  ", None),
    ],
)
def test_texts_become_values_and_are_recognised_afterwards(kind, text, values):
    field = CustomField(7, "Поле", kind, "", OPTIONS)
    item = custom.encode(field, text, MOSCOW)
    assert item == {"field_id": 7, "values": values}
    by_id = {option: name for name, option in OPTIONS.items()}
    stored = [{"value": by_id[row["enum_id"]]} if "enum_id" in row else row for row in values or ()]
    assert custom.shown(field, item, MOSCOW) == custom.decode({"field_type": kind, "values": stored}, MOSCOW)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("numeric", "много"), ("numeric", "NaN"), ("date", "завтра"), ("checkbox", "может быть"), ("select", "Факс")],
)
def test_a_text_that_cannot_be_meant_is_refused_with_the_field_and_the_text(kind, text):
    with pytest.raises(Rejected) as caught:
        custom.encode(CustomField(7, "Поле", kind, "", OPTIONS), text, MOSCOW)
    assert "«Поле»" in caught.value.hint
    assert text in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("date", [{"value": 1767571200}], "2026-01-05"),
        ("date_time", [{"value": 1767571200}], "2026-01-05T03:00"),
        ("date", [1767571200], "2026-01-05"),
        ("numeric", [{"value": "1500.50"}], "1500.5"),
        ("checkbox", [{"value": True}], "да"),
        ("multiselect", [{"value": "Сайт"}, {"value": "Ещё"}], "Сайт, Ещё"),
        ("something new", [{"value": {"a": 1}}], "{'a': 1}"),
        ("text", None, ""),
    ],
)
def test_values_are_shown_as_people_see_them(kind, values, text):
    assert custom.decode({"field_type": kind, "values": values}, MOSCOW) == text


def test_names_compare_as_people_read_them():
    assert plain("  Счёт   ВЫСТАВЛЕН ") == plain("счет выставлен")
    assert nearest("Нвый лид", ["Новый лид", "Переговоры"]) == ["Новый лид"]
