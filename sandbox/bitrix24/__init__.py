"""A local Bitrix24: REST as the vendor describes it, its events, and a board to look at."""

from sandbox.bitrix24.app import Bitrix24
from sandbox.bitrix24.limits import Limit
from sandbox.bitrix24.seed import Seed

__all__ = ["Bitrix24", "Limit", "Seed"]
