"""Configs made of the blocks of the pages: whole ones as they are, pieces within a small client."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from cli.config import Config, read
from cli.rule_tests import run as run_rule_tests
from cli.show import View
from webhooks.console.settings import HASH

_SECTION = re.compile(r"^(\w+):", re.MULTILINE)
_REFERENCE = re.compile(r"\$\{(\w+)\}")

# what a piece may name without bringing it along
SMALL = {
    "client": "client: Кровля Плюс\n",
    "crm": "crm: {type: amocrm, url: 'https://krovlya.amocrm.ru', token: x}\n",
    "accounting": "accounting:\n"
    "  {type: odata, url: 'https://1c.krovlya.ru/base', user: u, password: x, profile: bp,\n"
    "   organization: {inn: '7801999002'}}\n",
    "staff": "staff:\n"
    "  anna: {crm: anna@krovlya.ru, extension: '101'}\n"
    "  ivan: {crm: ivan@krovlya.ru, extension: '102'}\n"
    "  rop: {crm: rop@krovlya.ru, telegram: 1234567}\n",
    "channels": "channels:\n"
    "  site: {type: tilda, secret: x}\n"
    "  mail: {type: imap, host: imap.example.ru, user: info@example.ru, password: x}\n"
    "  phone: {type: mango, api_key: x, salt: x}\n"
    "  bot: {type: telegram, token: x}\n",
}


def sections(text: str) -> set[str]:
    """The top-level keys of a block."""
    return set(_SECTION.findall(text))


def whole(text: str) -> str:
    """The block, with those sections of the small client that it does not bring itself; a whole config as it is."""
    own = sections(text)
    missing = {} if "client" in own else {section: piece for section, piece in SMALL.items() if section not in own}
    return "".join(missing.values()) + text


def variables(text: str) -> set[str]:
    """The variables of the environment that the values of a config take."""
    values = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return set(_REFERENCE.findall(values))


def loaded(text: str, folder: Path) -> Config:
    """The config of a text, with some value for every variable; raises ConfigError."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return read(path, {name: _value(name) for name in variables(text)})


def _value(name: str) -> str:
    return f"{HASH}value" if name.endswith("_HASH") else f"{name.lower()}-value".replace("_", "-")


def rule_tests(config: Config) -> tuple[int, str]:
    """The exit code and the words of `provodka test`."""
    words = io.StringIO()
    console = Console(file=words, width=300)
    return run_rule_tests(config, View(console, console)), words.getvalue()
