"""A journal, a clock and a house that plays its part, as the command's tests have them."""

from tests.cli.conftest import clock, house, journal
from tests.webhooks.console.month import serve, standing

__all__ = ["clock", "house", "journal", "serve", "standing"]
