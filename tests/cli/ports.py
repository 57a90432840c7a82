"""Ports for what a test starts under a number that others must know beforehand."""

from __future__ import annotations

import random
import socket


def free_port(span: int = 10) -> int:
    """The first of so many free ones, below those that the system hands out, so that nobody takes them meanwhile."""
    while True:
        first = random.randrange(20000, 32000, span)
        if all(_is_free(port) for port in range(first, first + span)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
