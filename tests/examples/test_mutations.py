"""One wrong letter in a config is found before the start: offline, or by asking the account for its names.

Set MUTATIONS=all to try every word of every line; else some are tried, always the same ones.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import yaml

from cli.accounts import used_names
from cli.config import parse, warnings
from provodka.crm import Need
from provodka.settings import Parsed
from tests.examples.accounts import account
from tests.examples.clients import CONFIGS, environ, name
from tests.examples.words import Word, misspelt, words

ALL = os.environ.get("MUTATIONS") == "all"
SOME = 20
"""So many words of a config are tried, each on a line of its own."""

LEAST = 0.95


@dataclass
class Mutant:
    """A config with one word misspelt. `needs` are what only the account can tell."""

    word: Word
    wrong: str
    needs: set[Need] = field(default_factory=set)

    def __str__(self) -> str:
        return f"line {self.word.line}: {self.word.text} → {self.wrong}"


class Client:
    """An example's config, and the check of its mutants in a folder of their own."""

    def __init__(self, example: Path, folder: Path) -> None:
        self.environ = environ(example)
        self.path = folder / "config.yaml"
        self.source = example.read_text("utf-8").partition("\ntests:")[0] + "\n"
        self._rules = list(_rules(self.source))

    def mutants(self) -> list[Mutant]:
        random = Random(self.source)
        chosen = words(self.source)
        if not ALL:
            by_line = {word.line: word for word in random.sample(chosen, len(chosen))}
            chosen = random.sample(sorted(by_line.values(), key=lambda word: word.start), min(SOME, len(by_line)))
        return [Mutant(word, misspelt(word.text, random)) for word in chosen]

    def escapes(self, mutant: Mutant) -> bool:
        """Whether `check` says nothing offline; then what the account is to be asked is noted."""
        word = mutant.word
        text = f"{self.source[: word.start]}{mutant.wrong}{self.source[word.end :]}"
        if self._parse(self._without_other_rules(text, word)).problems:
            return False
        parsed = self._parse(text)
        mutant.needs = {used.need for used in used_names(parsed)}
        return not parsed.problems and not warnings(parsed)

    def _parse(self, text: str) -> Parsed:
        self.path.write_text(text, encoding="utf-8")
        return parse(self.path, self.environ)

    def _without_other_rules(self, text: str, word: Word) -> str:
        """The rule of the word alone, with those that it borrows from: most mistakes show there, sooner."""
        longer = len(text) - len(self.source)
        if word.start < self._rules[0][0]:
            return text
        kept = [(a, b) for a, b in self._rules if a <= word.start < b or "&" in self.source[a:b]]
        parts = [text[a + longer * (a > word.start) : b + longer * (b > word.start)] for a, b in kept]
        return text[: self._rules[0][0]] + "".join(parts)


def _rules(source: str) -> list[tuple[int, int]]:
    """Where each rule begins and ends."""
    root = yaml.compose(source, yaml.SafeLoader)
    rules = next(value for key, value in root.value if key.value == "rules")
    begins = [source.rindex("\n", 0, rule.start_mark.index) + 1 for rule in rules.value]
    return list(zip(begins, [*begins[1:], len(source)], strict=True))


def unseen(example: Path, folder: Path) -> tuple[list[Mutant], int]:
    """The mutants of an example that nothing finds, and how many were tried."""
    client = Client(example, folder)
    mutants = client.mutants()
    escaped = [mutant for mutant in mutants if client.escapes(mutant)]
    asked = sorted({need for mutant in escaped for need in mutant.needs}, key=str)
    with account(example, folder) as (_, crm):
        lacking = {missing.need for missing in crm.check(asked, create=True)}
    return [mutant for mutant in escaped if not mutant.needs & lacking], len(mutants)


def test_a_wrong_letter_is_found_before_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    tried, escaped = 0, []
    for example in CONFIGS:
        folder = tmp_path / name(example)
        folder.mkdir(parents=True)
        found, many = unseen(example, folder)
        escaped += [f"{name(example)}, {mutant}" for mutant in found]
        tried += many
    with capsys.disabled():
        print(f"\n{len(escaped)} of {tried} unseen", *escaped, sep="\n  ")
    assert tried >= 5 * SOME
    assert len(escaped) <= (1 - LEAST) * tried
