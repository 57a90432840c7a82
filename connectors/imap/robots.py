"""Addresses that write for somebody else."""

from __future__ import annotations

import re

from connectors.imap.settings import ImapSettings

_ROBOT = re.compile(
    r"(?:no[._-]?reply|do[._-]?not[._-]?reply|robot|wordpress|www-data|bitrix|mailer|mail-?daemon|postmaster"
    r"|notifications?|microsoftexchange[0-9a-f]{8,40})[@+._-]"
)


def is_robot(sender: str, settings: ImapSettings) -> bool:
    """Whether an address writes for somebody else: our own one, a site's (`noreply@`), a mail server's."""
    return settings.is_own(sender) or is_machine(sender)


def is_machine(sender: str) -> bool:
    """Whether nobody reads what is sent to an address."""
    return bool(_ROBOT.match(sender))
