"""Emulator of the Telegram Bot API: methods, limits, refusals, long polling, webhooks and the people's side."""

from sandbox.telegram.chats import Door
from sandbox.telegram.emulator import TOKEN, Telegram

__all__ = ["TOKEN", "Door", "Telegram"]
