"""What a config takes from the environment and from files, and what is said when it is not there."""

from provodka.substitution import fill
from provodka.yaml_marks import read_document


def filled(folder, text, **environ):
    path = folder / "client.yaml"
    path.write_text(text, encoding="utf-8")
    document = read_document(path)
    assert not document.problems
    return fill(document, environ), document.problems


def test_a_name_is_replaced_by_its_value_inside_any_text(tmp_path):
    found, problems = filled(tmp_path, 'a: "https://${HOST}:${PORT}/x"\nb: ["${HOST}"]\n', HOST="crm.test", PORT="8443")
    assert not problems
    assert found.data == {"a": "https://crm.test:8443/x", "b": ["crm.test"]}


def test_keys_and_comments_are_left_alone(tmp_path):
    found, problems = filled(tmp_path, '"${KEY}": 1\n# token: ${ABSENT}\nb: 2 # ${ABSENT}\n')
    assert not problems
    assert found.data == {"${KEY}": 1, "b": 2}


def test_a_value_cannot_change_the_structure(tmp_path):
    found, _ = filled(tmp_path, "a: ${EVIL}\n", EVIL="x\nb: {c: 1}")
    assert found.data == {"a": "x\nb: {c: 1}"}


def test_a_value_is_not_filled_in_a_second_time(tmp_path):
    found, problems = filled(tmp_path, "a: ${ONE}\n", ONE="${TWO}", TWO="no")
    assert not problems
    assert found.data == {"a": "${TWO}"}


def test_a_default_stands_in_for_a_missing_or_empty_name(tmp_path):
    found, problems = filled(tmp_path, "a: ${HOST:-127.0.0.1}\nb: ${HOST:-}\nc: ${EMPTY:-x}\n", EMPTY="")
    assert not problems
    assert found.data == {"a": "127.0.0.1", "b": "", "c": "x"}
    assert not found.outside


def test_a_doubled_dollar_stands_for_itself(tmp_path):
    found, problems = filled(tmp_path, "a: $${NAME} costs 5$ or $x\n")
    assert not problems
    assert found.data == {"a": "${NAME} costs 5$ or $x"}


def test_a_missing_name_lists_every_place_that_was_searched(tmp_path):
    found, problems = filled(tmp_path, "crm:\n  token: ${AMOCRM_TOKEN}\n", AMOCRM_TOKN="secret-value")
    assert [(p.line, p.column, p.path, p.text) for p in problems] == [(2, 10, "crm.token", "AMOCRM_TOKEN is not set")]
    assert "did you mean AMOCRM_TOKN?" in problems[0].hint
    assert "the environment variable AMOCRM_TOKEN" in problems[0].hint
    assert "AMOCRM_TOKEN_FILE" in problems[0].hint
    assert "secret-value" not in str(problems[0])
    assert found.broken == {("crm", "token")}


def test_every_missing_name_is_reported(tmp_path):
    _, problems = filled(tmp_path, "a: ${ONE}-${TWO}\nb: ${THREE}\n")
    assert [p.text for p in problems] == ["ONE is not set", "TWO is not set", "THREE is not set"]


def test_a_name_that_is_set_to_nothing_is_a_mistake(tmp_path):
    _, problems = filled(tmp_path, "a: ${TOKEN}\n", TOKEN="")
    assert problems[0].text == "TOKEN is set but empty"
    assert "${TOKEN:-}" in problems[0].hint


def test_a_name_can_be_read_from_the_file_that_name_file_names(tmp_path):
    (tmp_path / "token").write_text("s3cret\n", encoding="utf-8")
    found, problems = filled(
        tmp_path, "a: ${TOKEN}\nb: ${SALT:-x}\n", TOKEN_FILE=str(tmp_path / "token"), SALT_FILE="token"
    )
    assert not problems
    assert found.data == {"a": "s3cret", "b": "s3cret"}
    assert found.secrets == {"s3cret"}


def test_an_unreadable_name_file_is_a_mistake_even_with_a_default(tmp_path):
    absent = str(tmp_path / "absent")
    _, problems = filled(tmp_path, "a: ${TOKEN:-x}\n", TOKEN_FILE=absent)
    assert problems[0].text == "the file that TOKEN_FILE names cannot be read: No such file or directory"
    assert absent in problems[0].hint
    assert "the environment variable TOKEN" in problems[0].hint


def test_a_secret_given_as_name_file_by_mistake_is_not_shown(tmp_path):
    _, problems = filled(tmp_path, "a: ${TOKEN}\n", TOKEN_FILE="eyJhbGciOi")
    assert "eyJhbGciOi" not in str(problems[0])


def test_both_name_and_name_file_are_a_mistake(tmp_path):
    _, problems = filled(tmp_path, "a: ${TOKEN}\n", TOKEN="x", TOKEN_FILE="/run/token")
    assert (problems[0].text, problems[0].hint) == ("both TOKEN and TOKEN_FILE are set", "keep one of them")


def test_a_file_gives_its_content_without_the_last_line_end(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mail password").write_bytes("п@роль\r\n".encode())
    text = (
        f'a: file:secrets/mail password\nb: "file:{tmp_path}/secrets/mail password"\nc: "file:${{DIR}}/mail password"\n'
    )
    found, problems = filled(tmp_path, text, DIR="secrets")
    assert not problems
    assert found.data == {"a": "п@роль", "b": "п@роль", "c": "п@роль"}
    assert found.secrets == {"п@роль"}


def test_only_what_the_config_writes_as_a_file_is_one(tmp_path):
    found, problems = filled(tmp_path, 'a: "file: see below"\nb: ${X}\nc: see file:x\n', X="file:/etc/passwd")
    assert not problems
    assert found.data == {"a": "file: see below", "b": "file:/etc/passwd", "c": "see file:x"}


def test_a_file_that_is_absent_empty_huge_or_binary_is_told(tmp_path):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "huge").write_text("x" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    _, problems = filled(tmp_path, "a: file:absent\nb: file:empty\nc: file:huge\nd: file:binary\ne: file:.\n")
    assert [p.text for p in problems] == [
        "the file cannot be read: No such file or directory",
        "the file is empty",
        "the file is larger than 64000 bytes",
        "the file is not UTF-8 text",
        "the file cannot be read: Is a directory",
    ]
    assert f"file:absent in {tmp_path}" in problems[0].hint


def test_a_reference_without_a_proper_name_is_a_mistake(tmp_path):
    _, problems = filled(tmp_path, 'a: "${}"\nb: "${open"\nc: "${мой токен}"\n')
    assert [p.text for p in problems] == ["${ without a name"] * 3


def test_what_came_from_outside_and_what_is_secret_is_remembered(tmp_path):
    text = "url: https://${HOST}/\ntoken: ${AMO_TOKEN}\nsalt: ${MANGO_KEY}\nplain: x\n"
    found, _ = filled(tmp_path, text, HOST="crm.test", AMO_TOKEN="t0ken", MANGO_KEY="k3y")
    assert set(found.outside) == {("url",), ("token",), ("salt",)}
    assert found.secrets == {"t0ken", "k3y"}
