"""A local amoCRM: the API v4 as the vendor describes it, its webhooks, and a board to look at."""

from sandbox.amocrm.app import AmoCrm
from sandbox.amocrm.limits import Limit
from sandbox.amocrm.seed import Seed

__all__ = ["AmoCrm", "Limit", "Seed"]
