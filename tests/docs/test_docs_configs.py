"""What stands in the pages as YAML is taken by the loader, and its rules do what the page says."""

from __future__ import annotations

import dataclasses
import os
import re
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from cli.config import Config, read
from cli.main import app
from connectors.kinds import PARTS
from connectors.registry import CHANNELS, CRMS
from provodka.errors import ConfigError
from provodka.payloads import EventType
from rules.actions import REGISTRY
from rules.assignment import STRATEGIES
from rules.conditions import GROUPS
from rules.filters import FILTERS, LOOKUP, date_filters
from rules.operators import OPERATORS
from rules.schema import Rule
from rules.times import KINDS, TIME
from tests.docs.configs import loaded, rule_tests, sections, variables, whole
from tests.docs.markdown import ROOT, Block, blocks

PIECES = blocks("yaml")
NO_LESSONS = ("1c-admin", "channels", "connect", "console", "sandbox", "support")  # guides that teach no rules
LESSON_PAGES = [page.stem for page in sorted((ROOT / "docs/ru").glob("*.md")) if page.stem not in NO_LESSONS]
LESSONS = [piece for piece in PIECES if piece.place.startswith(tuple(f"docs/ru/{page}.md:" for page in LESSON_PAGES))]
EXAMPLE = ROOT / "config.example.yaml"
UTC = ZoneInfo("UTC")
NOT_FOR_RULES = {EventType.CRM_HINT, EventType.ACCOUNTING_HINT, EventType.UNREADABLE, EventType.REPLY_WRITTEN}


def _place(piece: Block) -> str:
    return piece.place


@pytest.mark.parametrize("piece", PIECES, ids=_place)
def test_the_loader_takes_every_piece_of_config(piece: Block, tmp_path):
    loaded(whole(piece.text), tmp_path)


@pytest.mark.parametrize("piece", LESSONS, ids=_place)
def test_every_lesson_about_rules_passes_its_own_tests(piece: Block, tmp_path):
    assert {"rules", "tests"} <= sections(piece.text)
    code, words = rule_tests(loaded(whole(piece.text), tmp_path))
    assert code == 0, words


@pytest.mark.parametrize("piece", LESSONS, ids=_place)
def test_no_rule_of_a_lesson_can_be_taken_away_unseen(piece: Block, tmp_path):
    _every_rule_counts(loaded(whole(piece.text), tmp_path))


def _every_rule_counts(config: Config) -> None:
    for rule in config.rules:
        rest = tuple(one for one in config.rules if one is not rule)
        code, _ = rule_tests(dataclasses.replace(config, rules=rest))
        assert code == 1, f"no test needs the rule «{rule.name}»"


def _lesson_rules(tmp_path) -> list[Rule]:
    return [rule for piece in LESSONS for rule in loaded(whole(piece.text), tmp_path).rules]


def _words_of(when: object) -> set[str]:
    """Every key in a condition, at any depth."""
    if isinstance(when, dict):
        return set(when).union(*map(_words_of, when.values()))
    return set().union(*map(_words_of, when)) if isinstance(when, list) else set()


def test_the_lessons_use_every_action(tmp_path):
    assert {name for rule in _lesson_rules(tmp_path) for name, _ in rule.steps} == set(REGISTRY)


def test_the_lessons_use_every_parameter_of_every_action(tmp_path):
    used = {(name, parameter) for rule in _lesson_rules(tmp_path) for name, given in rule.steps for parameter in given}
    assert used == {
        (name, field.alias or parameter)
        for name, action in REGISTRY.items()
        for parameter, field in action.params.model_fields.items()
    }


def test_the_lessons_use_every_operator_and_group(tmp_path):
    used = set().union(*(_words_of(rule.when) for rule in _lesson_rules(tmp_path)))
    assert used >= {*OPERATORS, *GROUPS, TIME}


def test_the_page_about_conditions_tells_of_every_kind_of_time():
    page = (ROOT / "docs/ru/conditions.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_the_lessons_use_every_strategy_filter_and_kind_of_trigger(tmp_path):
    text = "".join(piece.text for piece in LESSONS)
    assert all(f"{strategy}:" in text for strategy in STRATEGIES)
    fields = {field.alias or name for kind in STRATEGIES.values() for name, field in kind.model_fields.items()}
    assert all(f"{name}:" in text for name in fields)
    assert all(re.search(rf"\| {name}\b", text) for name in {*FILTERS, *date_filters(UTC), LOOKUP} - {"d"})
    assert " is like " in text
    rules = _lesson_rules(tmp_path)
    assert any(rule.wait for rule in rules)
    assert any(rule.stop for rule in rules)
    assert any(rule.channel for rule in rules)
    assert any(isinstance(rule.when, str) for rule in rules)


def test_the_page_about_rules_tells_of_every_event_that_can_come():
    page = (ROOT / "docs/ru/rules.md").read_text("utf-8")
    told = {kind for kind in EventType if f"`{kind.value}`" in page}
    assert told == set(EventType) - NOT_FOR_RULES


def test_the_pages_about_channels_show_every_kind():
    pages = [ROOT / "docs/ru/channels.md", *(ROOT / "docs/ru/channels").glob("*.md")]
    told = "".join(page.read_text("utf-8") for page in pages)
    for kind in (*CHANNELS, *CRMS):
        assert re.search(rf"type: {kind}\b", told), kind


def test_the_table_of_services_tells_the_parts_that_each_has():
    words = ("receives", "watches", "writes", "calls", "recordings", "subscribes", "cashes", "shows")
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", (ROOT / "docs/channels.md").read_text("utf-8"), re.MULTILINE
    )
    for name, told in rows:
        has = [word for word, part in zip(words, PARTS, strict=True) if getattr(CHANNELS[name], part)]
        assert told == ", ".join(has), name
    assert {name for name, _ in rows} >= set(CHANNELS) - {"form", "tilda", "imap", "smtp", "import"}


@pytest.fixture
def example(tmp_path) -> Config:
    return loaded(EXAMPLE.read_text("utf-8"), tmp_path)


def test_the_example_shows_every_section_of_a_config_and_every_kind_of_channel(example: Config):
    from cli.config import SECTIONS

    assert sections(EXAMPLE.read_text("utf-8")) == set(SECTIONS)
    assert {settings.type for settings in example.channels.values()} == set(CHANNELS)
    assert example.crm.type in CRMS


def test_the_examples_rules_are_each_held_by_a_test(example: Config):
    assert rule_tests(example)[0] == 0
    _every_rule_counts(example)


def test_check_and_test_accept_the_example_with_its_variables_set(monkeypatch):
    for name in variables(EXAMPLE.read_text("utf-8")):
        monkeypatch.setenv(name, "x" * 20)
    for command in ("check", "test"):
        result = CliRunner().invoke(app, [command, "--config", str(EXAMPLE)])
        assert result.exit_code == 0, result.output


def test_without_its_variables_the_example_is_refused_and_every_one_is_named():
    names = variables(EXAMPLE.read_text("utf-8"))
    bare = {name: value for name, value in os.environ.items() if name not in names}
    with pytest.raises(ConfigError) as refused:
        read(EXAMPLE, bare)
    told = " ".join(problem.text for problem in refused.value.problems)
    assert {name for name in names if name in told} == names
    assert len(names) >= len(CHANNELS)


def test_a_piece_with_a_mistake_would_be_seen(tmp_path):
    with pytest.raises(ConfigError):
        loaded(whole("rules:\n  - {name: А, on: form.submitted, do: [{intke: {title: А}}]}\n"), tmp_path)
    wrong = "rules:\n  - {name: А, on: form.submitted, do: [{intake: {title: А}}]}\ntests:\n"
    wrong += "  - {name: не то, given: {type: form.submitted}, expect: no_actions}\n"
    assert rule_tests(loaded(whole(wrong), tmp_path))[0] == 1
