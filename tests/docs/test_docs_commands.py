"""Whoever types what a page shows is understood, and whoever looks for a command finds it on a page."""

from __future__ import annotations

import re

import pytest

from cli.init import SECRETS_FILE
from cli.waiting import next_commands
from provodka.journal import ActionState, DeadReason, StoredAction
from rules.actions import REGISTRY
from support.waiting import mends
from tests.docs import commands
from tests.docs.markdown import PAGES, ROOT, Block, blocks, inline_code, name

SCRIPTS = blocks("sh")
COMMANDS = commands.all_commands()
DOCS = [page for page in PAGES if name(page).startswith(("README", "docs/"))]
ROOMS = ("provodka", "connectors", "rules", "webhooks", "worker", "cli", "sandbox")
_IN_TEXT = re.compile(r"provodka((?: [a-z]+(?:-[a-z]+)*){1,2})((?: [^\s`'\"»,;)]+)*)")


def _title(words: tuple[str, ...]) -> str:
    return " ".join(words)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda block: block.place)
def test_every_command_line_of_a_page_can_be_typed(script: Block):
    for words in commands.lines(script.text):
        commands.check(words)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_named_in_running_text_exist_with_their_options(page):
    for code in inline_code(page):
        program, _, rest = code.partition(" ")
        if program == "make":
            commands.check(commands.lines(code)[0])
        elif program == "provodka" and rest:
            _options_exist(rest.split())


def test_commands_named_in_the_code_and_in_the_example_exist_with_their_options():
    files = [*(p for room in ROOMS for p in (ROOT / room).rglob("*.py")), ROOT / "config.example.yaml"]
    named = [found for file in files for found in _IN_TEXT.finditer(file.read_text("utf-8"))]
    known = [f for f in named if (f[1].split()[0],) in COMMANDS or f[1].split()[0] in commands.APP.commands]
    assert len(known) > 10
    for found in known:
        _options_exist(f"{found[1]}{found[2]}".split())


def _options_exist(words: list[str]) -> None:
    command, rest = commands.find(words)
    unknown = {word.partition("=")[0].rstrip(".") for word in rest if word.startswith("-")} - commands.options(command)
    assert not unknown, f"provodka {' '.join(words)}: no option {', '.join(unknown)}"


@pytest.mark.parametrize("kind", REGISTRY)
@pytest.mark.parametrize("reason", [None, *DeadReason])
def test_what_explain_tells_to_type_can_be_typed(kind: str, reason: DeadReason | None):
    state = ActionState.CANCELLED if reason is None else ActionState.DEAD
    action = StoredAction(17, "key", 1, "Правило", kind, None, "{}", state, attempts=1, reason=reason)
    told = next_commands(action.id, action.kind, action.rule, mends(action))
    assert told
    for line in told:
        commands.check(line.replace(" ID", " 4").split())


@pytest.mark.parametrize("words", COMMANDS, ids=_title)
def test_every_command_option_and_argument_has_help(words: tuple[str, ...]):
    command = COMMANDS[words]
    assert command.help, "the command says nothing of itself"
    silent = [param.name for param in command.params if not getattr(param, "help", None)]
    assert not silent


@pytest.mark.parametrize("words", COMMANDS, ids=_title)
def test_every_command_is_told_of_in_the_docs(words: tuple[str, ...]):
    line = re.compile(rf"provodka {_title(words)}\b")
    assert any(line.search(page.read_text("utf-8")) for page in DOCS)


def test_both_readmes_show_the_same_commands():
    shown = {
        language: [commands.lines(b.text) for b in SCRIPTS if b.place.startswith(f"{language}:")]
        for language in ("README.md", "README.ru.md")
    }
    assert shown["README.md"]
    assert shown["README.md"] == shown["README.ru.md"]


def test_the_files_that_the_pages_expect_of_init_are_those_it_writes():
    out = next(param for param in COMMANDS["init",].params if param.name == "file")
    assert {str(out.default), SECRETS_FILE} <= commands.MADE_BY_INIT


@pytest.mark.parametrize(
    "line",
    [
        "provodka explian 1",
        "provodka events lst",
        "provodka check --onlin",
        "provodka resend seventeen",
        "provodka explain",
        "make demoo",
        "make demo ARGS=--twice",
        "cp no-such-file x",
        "pip install provodka",
        "curl https://ваш.адрес/hook/site",
    ],
)
def test_a_line_that_could_not_work_is_refused(line: str):
    with pytest.raises(Exception, match=r"."):
        commands.check(commands.lines(line)[0])


def test_commands_in_one_line_are_told_apart_and_comments_left_out():
    script = "make demo # and look\ncp a b && provodka run --role web > log\n"
    assert commands.lines(script) == [["make", "demo"], ["cp", "a", "b"], ["provodka", "run", "--role", "web"]]
