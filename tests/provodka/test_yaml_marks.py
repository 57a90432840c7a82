"""YAML with places: what is read, where it stands, and what is said of bad files."""

from pathlib import Path

import pytest

from provodka.yaml_marks import MAX_BYTES, read_document, written


def read(folder, text):
    path = folder / "client.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(path)


def only_problem(document):
    assert len(document.problems) == 1, document.problems
    found = document.problems[0]
    return found.line, found.column, found.text, found.hint


def test_every_key_value_and_item_keeps_its_line_and_column(tmp_path):
    document = read(tmp_path, "rules:\n  - name: Заявка\n    do:\n      - task: {text: Позвонить, due: 15m}\n")
    task = ("rules", 0, "do", 0, "task")
    assert document.place(("rules",), key=True) == (1, 1)
    assert document.place(("rules", 0)) == (2, 5)
    assert document.place(("rules", 0, "name")) == (2, 11)
    assert document.place((*task, "due"), key=True) == (4, 33)
    assert document.place((*task, "due")) == (4, 38)


def test_a_place_that_is_not_there_falls_back_to_the_nearest_parent(tmp_path):
    document = read(tmp_path, "crm:\n  type: amocrm\n")
    assert document.place(("crm", "token")) == document.place(("crm",)) == (2, 3)
    assert document.place(("crm", "token"), key=True) == document.place(("crm",), key=True) == (1, 1)
    assert document.place(("channels", "site")) == (1, 1)


def test_a_path_is_written_as_people_read_it():
    assert written(("rules", 2, "do", 0, "intake", "stage")) == "rules[2].do[0].intake.stage"
    assert written(("rules", 0, "when", "lead.stage")) == 'rules[0].when["lead.stage"]'
    assert written(("сотрудники", "анна")) == "сотрудники.анна"
    assert written(()) == ""


def test_a_problem_carries_file_place_path_and_cure(tmp_path):
    document = read(tmp_path, "crm: {type: amocrm}\n")
    shown = str(document.problem(("crm", "type"), "wrong", "write another"))
    assert shown == f"{tmp_path}/client.yaml:1:13  crm.type  wrong (write another)"


def test_what_people_write_is_not_turned_into_something_else(tmp_path):
    text = "on: yes\nopens: 09:00\nextension: 0101\nphone: +79160001122\nday: 2025-12-31\nversion: 1e3\n101: анна\n"
    assert read(tmp_path, text).data == {
        "on": "yes",
        "opens": "09:00",
        "extension": "0101",
        "phone": "+79160001122",
        "day": "2025-12-31",
        "version": "1e3",
        "101": "анна",
    }


def test_numbers_truth_values_and_emptiness_are_read(tmp_path):
    text = "a: 12\nb: -1.5\nc: true\nd: False\ne:\nf: null\ng: '12'\nh: [1, {i: ~}]\n"
    expected = {"a": 12, "b": -1.5, "c": True, "d": False, "e": None, "f": None, "g": "12", "h": [1, {"i": None}]}
    assert read(tmp_path, text).data == expected


def test_a_duplicate_key_is_reported_with_both_places(tmp_path):
    document = read(tmp_path, "crm:\n  url: a\n  token: b\n  url: c\n")
    assert only_problem(document) == (
        4,
        3,
        'duplicate key "url"',
        "it was written at line 2, column 3 already",
    )
    assert document.problems[0].path == "crm.url"


def test_every_duplicate_in_every_depth_is_reported(tmp_path):
    document = read(tmp_path, "a: 1\nb:\n  - {c: 1, c: 2}\n  - {c: 1}\na: 2\na: 3\n")
    assert [(p.line, p.column) for p in sorted(document.problems)] == [(3, 12), (5, 1), (6, 1)]


def test_an_alias_repeats_a_value_and_a_merge_gives_defaults(tmp_path):
    document = read(
        tmp_path, "mail: &mail {host: imap.example.test, port: 993}\nsecond:\n  port: 143\n  <<: *mail\nthird: *mail\n"
    )
    assert not document.problems
    assert document.data["second"] == {"host": "imap.example.test", "port": 143}
    assert document.data["third"] == document.data["mail"]
    assert document.place(("second", "port")) == (3, 9)
    assert document.place(("second", "host")) == (1, 20)


def test_earlier_mappings_of_a_merged_list_win(tmp_path):
    document = read(tmp_path, "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n")
    assert document.data["c"] == {"x": 1, "y": 2}


def test_aliases_that_unfold_without_end_are_refused(tmp_path):
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    document = read(tmp_path, "\n".join(lines))
    assert document.data is None
    assert "aliases unfold" in document.problems[0].text


def test_an_anchor_that_contains_itself_is_refused(tmp_path):
    assert only_problem(read(tmp_path, "a: &x [1, *x]\n"))[2] == "this anchor contains itself"


def test_nesting_without_end_is_refused(tmp_path):
    assert only_problem(read(tmp_path, "[" * 5000))[2] == "nested too deeply"


@pytest.mark.parametrize("text", ["a: !secret x\n", "a: !!python/name:os.system x\n", "a: !!binary aGk=\n"])
def test_unknown_tags_are_refused(tmp_path, text):
    line, column, said, _ = only_problem(read(tmp_path, text))
    assert (line, column, said) == (1, 4, "unknown tag")


def test_an_unknown_tag_of_a_mapping_hides_no_other_mistake(tmp_path):
    document = read(tmp_path, "a: !x {b: 1, b: 2}\n")
    assert [p.text for p in document.problems] == ["unknown tag", 'duplicate key "b"']


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a:\n\tb: 1\n", (2, 1), "tab"),
        ("a: b: c\n", (1, 5), "colon is not expected"),
        ("a: 1\nbcd\nc: 2\n", (2, 1), "colon is missing"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "indentation"),
        ('a: "abc\nb: 1\n', (1, 4), "never closed"),
        ("a: [1, 2\nb: 1\n", (1, 4), "bracket ["),
        ("a: {x: 1\nb: 1\n", (1, 4), "brace {"),
        ("a: *.txt\n", (1, 4), "alias"),
        ("a: *nobody\n", (1, 4), "alias"),
        ("a: & b\n", (1, 4), "anchor"),
        ("a: %x\n", (1, 4), "cannot begin"),
        ("a: @x\n", (1, 4), "cannot begin"),
        ("a: 1\n---\nb: 2\n", (2, 1), "second document"),
        ("a: {{ lead.title }} ждёт\n", (1, 21), "more text"),
        ("a: &x 1\nb: &x 2\n", (2, 4), "anchor"),
        ("a: - b\n", (1, 4), "list"),
        ('a: "\\d"\n', (1, 6), "escape"),
        ("a: !<x y\n", (1, 4), "tag"),
        ("a: |x\n b\n", (1, 5), "follow |"),
    ],
)
def test_bad_syntax_is_told_in_plain_words_at_its_place(tmp_path, text, place, words):
    line, column, said, _ = only_problem(read(tmp_path, text))
    assert (line, column) == place
    assert words in said


def test_an_unquoted_template_is_told_to_need_quotes(tmp_path):
    line, column, said, hint = only_problem(read(tmp_path, "title: {{ person }}\n"))
    assert (line, column, said) == (1, 9, "a key must be a text")
    assert "quotes" in hint


def test_a_syntax_error_repeats_no_text_of_the_file(tmp_path):
    for text in ("password: *Pa55word\n", "password: !Pa55word\n", "password: &Pa55word%\n", 'password: "Pa55word\n'):
        document = read(tmp_path, text)
        assert "Pa55word" not in "".join(map(str, document.problems))


def test_a_key_without_text_is_a_mistake(tmp_path):
    assert only_problem(read(tmp_path, "a: 1\n'': 2\n"))[:3] == (2, 1, "a key is missing before the colon")


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path):
    document = read_document(tmp_path / "absent.yaml")
    assert only_problem(document)[2] == "cannot read the file: No such file or directory"
    assert only_problem(read_document(tmp_path))[2] == "cannot read the file: Is a directory"


def test_a_file_in_another_encoding_is_told_where(tmp_path):
    line, column, said, _ = only_problem(read(tmp_path, b"a: 1\nb: " + "Привет".encode("cp1251")))
    assert (line, column, said) == (2, 4, "the file is not UTF-8 text")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    assert read(tmp_path, "\ufeffclient: Кровля\n").data == {"client": "Кровля"}


def test_a_control_character_is_told_where(tmp_path):
    assert only_problem(read(tmp_path, "a: 1\nb: x\x07\n"))[:3] == (2, 5, "a control character stands here")


def test_a_huge_file_is_refused_unread(tmp_path):
    assert "larger than" in only_problem(read(tmp_path, b"#" * (MAX_BYTES + 1)))[2]


def test_an_empty_file_holds_nothing(tmp_path):
    document = read(tmp_path, "# nothing yet\n")
    assert document.data is None
    assert not document.problems


def test_relative_names_are_meant_from_the_folder_of_the_file(tmp_path, monkeypatch):
    read(tmp_path, "a: 1\n")
    monkeypatch.chdir(tmp_path)
    assert read_document(Path("client.yaml")).directory == tmp_path
