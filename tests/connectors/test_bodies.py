"""What senders put on the wire, whatever they say about it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bodies import MAX_BODY, MAX_DEPTH, MAX_PAIRS, body_hash, fields_of, form_pairs, hashed_id, unflatten
from provodka.channel import Delivery, Part, UnreadableError

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MARIA = {"name": "Мария", "phone": "+79161112233"}


def delivery(
    body: bytes = b"",
    content_type: str = "",
    *,
    path: str = "",
    query: dict[str, str] | None = None,
    encoding: str = "",
) -> Delivery:
    headers = {"content-type": content_type, "content-encoding": encoding}
    return Delivery("POST", path, headers, query or {}, body, NOW)


@pytest.mark.parametrize("declared", ["", JSON, FORM, "text/plain", "application/json; charset-utf-8", "чушь"])
def test_json_is_read_whatever_the_content_type_says(declared: str) -> None:
    assert fields_of(delivery(json.dumps(MARIA).encode(), declared)) == MARIA


@pytest.mark.parametrize("declared", ["", FORM, JSON, "text/plain; charset=utf-8"])
def test_a_form_is_read_whatever_the_content_type_says(declared: str) -> None:
    assert fields_of(delivery(urlencode(MARIA).encode(), declared)) == MARIA


def test_without_a_body_the_query_is_the_form() -> None:
    assert fields_of(delivery(query={"name": "Мария", "tags[0]": "a"})) == {"name": "Мария", "tags": ["a"]}


def test_a_line_break_after_a_form_is_no_part_of_it() -> None:
    assert fields_of(delivery(b"name=A\r\n", FORM)) == {"name": "A"}


def test_a_body_wins_over_the_query() -> None:
    assert fields_of(delivery(b"name=A", query={"name": "B"})) == {"name": "A"}


def test_json_that_a_form_library_escaped_is_read() -> None:
    body = quote_plus(json.dumps(MARIA)) + "="
    assert fields_of(delivery(body.encode(), FORM)) == MARIA


def test_a_list_of_names_and_values_is_a_form() -> None:
    body = json.dumps([{"name": "phone", "value": "1"}, {"name": "tags[]", "value": "a"}]).encode()
    assert fields_of(delivery(body)) == {"phone": "1", "tags": ["a"]}


@pytest.mark.parametrize("encode", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_json(encode: str) -> None:
    assert fields_of(delivery(json.dumps(MARIA, ensure_ascii=False).encode(encode), JSON)) == MARIA


@pytest.mark.parametrize(
    ("charset", "declared"),
    [
        ("utf-8", "windows-1251"),
        ("cp1251", "windows-1251"),
        ("cp1251", ""),
        ("koi8-r", "koi8-r"),
        ("cp1251", "no-such"),
        ("cp1251", "unicode_escape"),
    ],
)
def test_the_charset_is_utf8_if_it_can_be_then_the_declared_then_windows(charset: str, declared: str) -> None:
    header = f"{FORM}; charset={declared}" if declared else FORM
    assert fields_of(delivery(urlencode(MARIA, encoding=charset).encode(), header)) == MARIA


@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_gzip_is_unpacked_whether_declared_or_not(encoding: str) -> None:
    assert fields_of(delivery(gzip.compress(urlencode(MARIA).encode()), FORM, encoding=encoding)) == MARIA


def test_a_body_that_is_no_gzip_is_read_as_it_is_although_declared() -> None:
    assert fields_of(delivery(urlencode(MARIA).encode(), FORM, encoding="gzip")) == MARIA


def test_a_small_gzip_that_unpacks_to_a_flood_is_refused() -> None:
    with pytest.raises(UnreadableError, match="longer than"):
        fields_of(delivery(gzip.compress(b"a=" + b"0" * MAX_BODY, mtime=0)))


def test_multipart_is_read_and_a_file_gives_its_name() -> None:
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="contact[name]"\r\n\r\n' + "Мария".encode() + b"\r\n"
        b'--xyz\r\nContent-Disposition: form-data; name="plan"; filename="plan.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%PDF\r\n--xyz--\r\n"
    )
    assert fields_of(delivery(body, "text/plain")) == {"contact": {"name": "Мария"}, "plan": "plan.pdf"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a": 1',
        b"[1, 2]",
        b'"text"',
        b"hello",
        b"<a b='c'/>",
        b"\x00\x01=\x02",
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        gzip.compress(b"a=b", mtime=0)[:-6],
        b"\x1f\x8bnonsense",
        b"&".join(b"a=1" for _ in range(MAX_PAIRS + 1)),
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
    ],
)
def test_what_cannot_be_read_is_said_plainly(body: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        fields_of(delivery(body, JSON))
    assert str(caught.value)


def test_texts_that_no_database_takes_are_mended() -> None:
    assert fields_of(delivery(rb'{"a\u0000": ["\ud800", {"b": "c\u0000"}]}')) == {"a�": ["�", {"b": "c�"}]}


@given(st.binary(max_size=200), st.sampled_from([FORM, JSON, "", "multipart/form-data; boundary=b"]))
def test_no_body_does_anything_but_be_read_or_be_unreadable(body: bytes, declared: str) -> None:
    try:
        fields = fields_of(delivery(body, declared))
    except UnreadableError:
        return
    json.dumps(fields, ensure_ascii=False).encode()


def test_form_pairs_are_the_exact_bytes() -> None:
    assert form_pairs(b"json=%7B%22a%22%3A+1%7D&x=%FF&&y") == [(b"json", b'{"a": 1}'), (b"x", b"\xff"), (b"y", b"")]


@pytest.mark.parametrize(
    ("pairs", "nested"),
    [
        ([("a[b][0][c]", "x"), ("a[b][1][c]", "y")], {"a": {"b": [{"c": "x"}, {"c": "y"}]}}),
        ([("a[]", "x"), ("a[]", "y")], {"a": ["x", "y"]}),
        ([("a[][b]", "x"), ("a[][b]", "y")], {"a": [{"b": "x"}, {"b": "y"}]}),
        ([("a[5]", "x"), ("a[]", "y")], {"a": {"5": "x", "1": "y"}}),
        ([("a", "x"), ("a", "y"), ("a", "z")], {"a": ["x", "y", "z"]}),
        ([("a", "1"), ("a[b]", "2")], {"a": {"": "1", "b": "2"}}),
        ([("a[b]", "2"), ("a", "1"), ("a", "3")], {"a": {"": ["1", "3"], "b": "2"}}),
        ([("a[b", "x"), ("[c]", "y"), ("d]", "z"), ("", "w")], {"a[b": "x", "[c]": "y", "d]": "z", "": "w"}),
    ],
)
def test_brackets_are_nested_as_php_does_but_nothing_is_dropped(pairs: list[tuple[str, str]], nested: Any) -> None:
    assert unflatten(pairs) == nested


_names = st.text("ab0", min_size=1, max_size=2)
_trees = st.recursive(
    st.text("xyz", max_size=2),
    lambda below: st.lists(below, min_size=1, max_size=3) | st.dictionaries(_names, below, min_size=1, max_size=3),
    max_leaves=12,
)


def _pairs(name: str, tree: Any) -> list[tuple[str, str]]:
    if isinstance(tree, str):
        return [(name, tree)]
    items = enumerate(tree) if isinstance(tree, list) else tree.items()
    return [pair for key, item in items for pair in _pairs(f"{name}[{key}]", item)]


def _texts(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    return [text for item in (tree if isinstance(tree, list) else tree.values()) for text in _texts(item)]


@given(st.lists(st.tuples(_names | _names.map(lambda n: f"{n}[{n}]") | st.just("a[]"), st.text("xyz", max_size=2))))
def test_no_value_gets_lost_however_names_collide(pairs: list[tuple[str, str]]) -> None:
    assert Counter(_texts(unflatten(pairs))) == Counter(value for _, value in pairs)


@given(st.dictionaries(_names, _trees, max_size=3))
def test_a_nested_body_comes_back_as_it_was(tree: dict[str, Any]) -> None:
    pairs = [pair for name, item in tree.items() for pair in _pairs(name, item)]
    again = [pair for name, item in unflatten(pairs).items() for pair in _pairs(name, item)]
    assert sorted(again) == sorted(pairs)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH])
def test_brackets_have_a_depth_limit(depth: int) -> None:
    name = "a" + "[b]" * depth
    if depth < MAX_DEPTH:
        assert _texts(unflatten([(name, "x")])) == ["x"]
    else:
        with pytest.raises(UnreadableError, match="deeper"):
            unflatten([(name, "x")])


def test_the_hash_does_not_depend_on_order_or_spacing() -> None:
    one = fields_of(delivery(b'{"a": 1, "b": {"c": "x", "d": 2}}'))
    two = fields_of(delivery(b'{"b":{"d":2,"c":"x"},"a":1}'))
    assert body_hash(one) == body_hash(two) != body_hash({**one, "a": 2})


class Stored:
    """The parts as the journal keeps them: oldest first, each id once."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def __call__(self, key: str) -> list[Part]:
        return [part for part in self.parts if part.key == key]

    def receive(self, fields: dict[str, Any], at: datetime) -> str:
        external_id, part = hashed_id(fields, at, self)
        if (part.key, part.id) not in {(known.key, known.id) for known in self.parts}:
            self.parts.append(part)
        return external_id


@pytest.mark.parametrize("minute", range(0, 20, 3))
def test_a_retry_is_the_same_delivery_wherever_the_clock_stands(minute: int) -> None:
    stored, start = Stored(), datetime(2026, 3, 2, 9, minute, 59, tzinfo=UTC)
    ids = {stored.receive(MARIA, start + timedelta(minutes=pause)) for pause in (0, 1, 2, 9)}
    assert len(ids) == 1
    assert len(stored.parts) == 1


@pytest.mark.parametrize("minute", range(0, 20, 3))
def test_the_same_form_sent_later_is_a_new_one(minute: int) -> None:
    stored, start = Stored(), datetime(2026, 3, 2, 9, minute, 59, tzinfo=UTC)
    ids = [stored.receive(MARIA, start + timedelta(minutes=pause)) for pause in (0, 10, 20, 500)]
    assert len(set(ids)) == 4


def test_another_form_has_another_id() -> None:
    stored = Stored()
    assert stored.receive(MARIA, NOW) != stored.receive({**MARIA, "name": "Анна"}, NOW)


def test_two_equal_deliveries_handled_at_once_get_one_id() -> None:
    blind = [hashed_id(MARIA, NOW + timedelta(milliseconds=pause), lambda key: ()) for pause in (0, 7)]
    assert blind[0][0] == blind[1][0]


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=8))
def test_two_deliveries_are_one_only_within_the_window_of_the_first(seconds: list[int]) -> None:
    stored = Stored()
    first_by_id: dict[str, int] = {}
    for second in sorted(seconds):
        external_id = stored.receive(MARIA, NOW + timedelta(seconds=second))
        assert second - first_by_id.setdefault(external_id, second) < 600
    assert len(first_by_id) <= 1 + (max(seconds) - min(seconds)) // 600


def test_quoting_of_spaces_is_understood_both_ways() -> None:
    body = f"a={quote('один два')}&b={quote_plus('один два')}".encode()
    assert fields_of(delivery(body)) == {"a": "один два", "b": "один два"}
