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
CONFIGS = sorted(
    path for path in EXAMPLES.glob("*/*.yaml") if path.name != "crm.yaml" and not path.name.endswith(".tests.yaml")
)
"""Every config of the examples; a client may have more than one."""

_REFERENCE = re.compile(r"\$\{(\w+)\}")


def name(config: Path) -> str:
    """`4-roofing-amocrm`, or with the file where it is not the only one: `2-sales-bitrix24/deals`."""
    return config.parent.name if config.stem == "config" else f"{config.parent.name}/{config.stem}"


def environ(config: Path) -> dict[str, str]:
    """A value for every variable that the config takes from the environment."""
    text = config.read_text("utf-8")
    return {name: f"{name.lower().replace('_', '-')}-value" for name in _REFERENCE.findall(text)}


def client(config: Path) -> Config:
    """The config of an example; raises ConfigError."""
    return read(config, environ(config))


def rule_tests(config: Config) -> list[tuple[RuleTest, RuleTestResult]]:
    """Every rule test of a config with what became of it."""
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client, config.beside)
    return list(zip(config.tests, run_tests(config.tests, engine), strict=True))
