"""How patient a mailbox channel is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    `idle`: IDLE is renewed after this at the latest; NAT tables forget sooner than the 29 minutes of RFC 2177.
    `answer`: a server silent for so long after a command is taken for dead. `refused`: between two logins after a
    refused one, because providers lock mailboxes that are knocked at. `crowded`: the longest pause where there are too
    many connections. `others`: between two questions to the folders that IDLE does not watch.
    """

    connect: float = 10
    answer: float = 60
    idle: float = 540
    glance: float = 0.5
    refused: float = 900
    crowded: float = 300
    others: float = 10
    first_retry: float = 1
    last_retry: float = 300
