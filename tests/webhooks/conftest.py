"""A browser for the pages."""

from tests.browsing import browser, opened  # noqa: F401 -- fixtures
