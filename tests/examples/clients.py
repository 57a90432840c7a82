"""The example configs, read with some value for every secret."""

from __future__ import annotations

import re
from pathlib import Path

from cli.config import Config, read
from rules.actions import REGISTRY
from rules.engine import Engine
from rules.schema import RuleTest
from rules.testing import RuleTestResult, run_tests
from tests.docs.markdown import ROOT

EXAMPLES = ROOT / "examples"
CLIENTS = sorted(path.parent for path in EXAMPLES.glob("*/config.yaml"))

_REFERENCE = re.compile(r"\$\{(\w+)\}")


def environ(folder: Path) -> dict[str, str]:
    """A value for every variable that the config takes from the environment."""
    text = (folder / "config.yaml").read_text("utf-8")
    return {name: f"{name.lower().replace('_', '-')}-value" for name in _REFERENCE.findall(text)}


def client(folder: Path) -> Config:
    """The config of an example; raises ConfigError."""
    return read(folder / "config.yaml", environ(folder))


def rule_tests(config: Config) -> list[tuple[RuleTest, RuleTestResult]]:
    """Every rule test of a config with what became of it."""
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client)
    return list(zip(config.tests, run_tests(config.tests, engine), strict=True))
