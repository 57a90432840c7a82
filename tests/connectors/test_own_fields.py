"""What the mirror keeps of fields that we write and others write too."""

from dataclasses import replace
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from connectors.crm.differences import ahead, as_told, of_parties, still_expected
from connectors.crm.expecting import _settled
from connectors.crm.mirror import CONTACT, KnownContact

NAMES = SimpleNamespace(labels=lambda _: {})
BEFORE = KnownContact("1", "Мария", fields={"a": "1", "b": "1"})


def card(**fields):
    return replace(BEFORE, fields=fields)


def told(old, new):
    return {one.what for one in of_parties(CONTACT, as_told(old), new, NAMES)}


def test_setting_one_field_leaves_the_telling_of_another():
    seen = ahead(BEFORE, card(a="1", b="2"))
    written = _settled(replace(seen, expected={"fields": {"a": "5"}}), {"fields": {"a": "5"}})
    assert written.fields == {"a": "5", "b": "2"}
    assert told(written, card(a="5", b="2")) == {"field-b"}


def test_what_is_expected_of_one_field_says_nothing_of_the_others():
    expecting = replace(BEFORE, expected={"fields": {"a": "5"}})
    assert told(expecting, card(a="5", b="1")) == set()
    assert told(expecting, card(a="5")) == {"field-b"}
    assert still_expected(expecting, card(a="1", b="2")) == {"fields": {"a": "5"}}
    assert still_expected(expecting, card(a="5", b="2")) == {}


def test_a_field_that_we_empty_is_gone_and_no_news():
    emptied = {"fields": {"a": ""}}
    assert told(replace(BEFORE, expected=emptied), card(b="1")) == set()
    assert _settled(replace(BEFORE, expected=emptied), emptied).fields == {"b": "1"}


TEXTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)


@given(before=TEXTS, theirs=TEXTS, ours=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"])))
def test_whatever_both_write_the_others_share_is_told_and_ours_is_not(before, theirs, ours):
    """They write first; the index of people sees it; we write; then a hint comes."""
    seen = ahead(card(**before), card(**theirs))
    written = _settled(replace(seen, expected={"fields": ours}), {"fields": ours})
    after = {one: text for one, text in {**theirs, **ours}.items() if text}
    assert written.fields == after
    changed = {f"field-{one}" for one in "abc" if one not in ours and before.get(one) != theirs.get(one)}
    assert told(written, card(**after)) == changed
