"""Texts that are to stay as they are written, and the lines of a part of a file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provodka.substitution import as_written, fill
from provodka.veil import Veil
from provodka.yaml_marks import Document, parse_document

SECRET = "sesame"
WORDS = st.lists(st.sampled_from(["$", "{", "}", "${A}", "$${A}", "${B:-x}", "A", ":-", "file:", "/etc/hosts", " "]))


@given(WORDS)
def test_nothing_is_taken_from_outside_for_a_text_that_stays_as_it_is_written(words: list[str]) -> None:
    text, _ = as_written("".join(words))
    document = Document("config.yaml", text, [])
    filled = fill(document, {"A": SECRET, "B": SECRET, "A_FILE": ""})
    assert (document.problems, filled.outside, filled.named) == ([], {}, {})
    assert SECRET not in str(filled.data)


def test_the_names_are_told_and_an_escaped_one_is_none() -> None:
    assert as_written("${A} $${B} ${C:-x}") == ("$${A} $${B} $${C:-x}", ("A", "C"))


def test_a_name_that_stands_for_its_value_is_hidden_as_the_value_would_be() -> None:
    read, unread = Veil({"KEY": "the value"}), Veil({}, ["KEY"])
    assert read.hide("Bearer the value, 5 $") == unread.hide("Bearer ${KEY}, 5 $") == "Bearer ${KEY}, 5 $$"


RULES = """\
# of the head
rules:
  # about the first
  - name: one
    do:
      - note: {text: a}

  # about the second
  - {name: two}
  - {name: three}
  # the end
tests: []
"""


def test_a_part_is_shown_by_its_own_lines_without_the_comments_of_the_next() -> None:
    document = parse_document(RULES, "config.yaml")
    assert document.text_of(("rules", 0)) == "- name: one\n  do:\n    - note: {text: a}"
    assert [document.text_of(("rules", at)) for at in (1, 2)] == ["- {name: two}", "- {name: three}"]
    flow = parse_document("rules: [{name: a}, {name: b}]\n", "config.yaml")
    assert flow.text_of(("rules", 1)) == "rules: [{name: a}, {name: b}]"
