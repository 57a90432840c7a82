"""The whole sandbox: every emulator on its port, started and stopped together."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from sandbox.base import Emulator
from sandbox.mail import ADDRESS, PASSWORD, MailServer
from sandbox.pages import PLACES
from sandbox.senders import Senders
from sandbox.senders.http import post
from sandbox.telegram import TOKEN, Telegram

AMOCRM, BITRIX24, ONEC, TELEGRAM, IMAP, SMTP, SENDERS, OPENID = range(1, 9)
AMOCRM_TOKEN = "sandbox"  # noqa: S105  # the sandbox's published token


class Sandbox:
    """amoCRM, Bitrix24, 1C, Telegram, mail, the senders and a provider of OpenID at `base_port` + 1 to 8; 0 takes free
    ports.

    With `state_dir` both CRMs, 1C and the mailbox keep what they hold over a restart. `seeds` are what a seed file
    gave, by emulator: what a new account starts with, and returns to by a reset. `onec_configuration` is bp, ut, unf
    or erp. `places` are the addresses of the pages, by name: who has a console beside it adds "console".
    """

    def __init__(
        self,
        base_port: int = 8900,
        host: str = "127.0.0.1",
        state_dir: Path | None = None,
        seeds: Mapping[str, Any] | None = None,
        onec_configuration: str = "bp",
    ) -> None:
        # Imported here, so that a test of the mailbox does not load the whole CRM.
        from sandbox.amocrm import AmoCrm
        from sandbox.bitrix24 import Bitrix24
        from sandbox.onec import OneC
        from sandbox.openid import OpenId

        if state_dir is not None:
            state_dir.mkdir(parents=True, exist_ok=True)
        self._base_port, self._host = base_port, host
        self._running = ExitStack()
        known = seeds or {}
        self.amocrm = AmoCrm(state_dir / "amocrm.db" if state_dir else None, seed=known.get("amocrm"))
        self.bitrix24 = Bitrix24(state_dir / "bitrix24.db" if state_dir else None, seed=known.get("bitrix24"))
        self.onec = OneC(onec_configuration, state_dir / "onec.db" if state_dir else None)
        self.telegram = Telegram()
        self.openid = OpenId()
        mail_state = state_dir / "mail.db" if state_dir else None
        self.mail = MailServer(self._port(IMAP), self._port(SMTP), host, mail_state)
        self.senders = Senders(smtp=lambda: (self.mail.host, self.mail.smtp_port), on_reset=self._reset_others)
        self.places: dict[str, str] = {}
        for part in (self.amocrm, self.bitrix24, self.onec, self.telegram, self.senders):
            part.places = self.places

    def start(self) -> Self:
        """Start all parts or none: if a port is taken, those already open are closed and the error is raised."""
        with ExitStack() as started:
            parts: tuple[tuple[Emulator, int], ...] = (
                (self.amocrm, AMOCRM),
                (self.bitrix24, BITRIX24),
                (self.onec, ONEC),
                (self.telegram, TELEGRAM),
                (self.senders, SENDERS),
                (self.openid, OPENID),
            )
            for part, offset in parts:
                started.callback(part.stop)
                part.start(self._host, self._port(offset))
            started.callback(self.mail.stop)
            self.mail.start()
            self.places.update({part.name: part.url for part, _ in parts if part.name in PLACES})
            self._running = started.pop_all()
        return self

    def stop(self) -> None:
        """Close every port; harmless when not started."""
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def addresses(self) -> list[tuple[str, str]]:
        """(what, where and how to enter) of each part, for printing after the start."""
        return [
            ("amoCRM: board and API", f"{self.amocrm.url}  token {AMOCRM_TOKEN}"),
            ("Bitrix24: board and REST", f"{self.bitrix24.url}  webhook {self._webhook()}"),
            ("1C: desk and base", self.onec.way_in),
            ("Telegram: chats and Bot API", f"{self.telegram.url}  token {TOKEN}"),
            ("IMAP", f"{self._host}:{self.mail.imap_port}  {ADDRESS} / {PASSWORD}"),
            ("SMTP", f"{self._host}:{self.mail.smtp_port}"),
            ("Senders: forms, calls, letters", self.senders.url),
            ("OpenID: sign-in to the console", f"{self.openid.url}  provodka / sandbox"),
        ]

    def _webhook(self) -> str:
        """The portal's first inbound webhook; whose it is, a seed may say."""
        first = self.bitrix24.seed.webhooks[0]
        return f"{self.bitrix24.url}/rest/{first['user_id']}/{first['secret']}/"

    def _port(self, offset: int) -> int:
        return self._base_port + offset if self._base_port else 0

    def _reset_others(self) -> None:
        for part in (self.amocrm, self.bitrix24, self.onec, self.telegram, self.openid):
            post(f"{part.url}/_sandbox/reset", b"{}", "application/json").raise_for_status()
        self.mail.reset()
