"""The console of the demo: one user, with a password that is made anew at every start, printed, and kept nowhere."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Final

from cli.config import Config
from webhooks.console.settings import ConsoleSettings

LOGIN: Final = "demo"


def opened(config: Config, password: str) -> Config:
    """The config with a console that a visitor of the demo may enter, and where everything may be done."""
    from argon2 import PasswordHasher

    user = {"password": PasswordHasher().hash(password), "role": "administer", "name": "Гость"}
    return replace(config, console=ConsoleSettings.model_validate({"users": {LOGIN: user}}))


def new_password() -> str:
    """Short enough to be typed from the terminal."""
    return secrets.token_hex(5)
