"""A mailbox, read by IMAP."""

from connectors.imap.connection import Pace
from connectors.imap.mailbox import ImapChannel
from connectors.imap.settings import ImapSettings

__all__ = ["ImapChannel", "ImapSettings", "Pace"]
