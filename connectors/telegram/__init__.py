"""Telegram: a bot that writes to the staff."""
