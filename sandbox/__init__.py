"""Local emulators of the outside systems, for the demo, for rehearsals and for tests.

They share no line with what they test: a double that reused our parser could not find its bugs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.server import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    # Not imported at once: one emulator must not need what all the others need.
    if name == "Sandbox":
        from sandbox.server import Sandbox

        return Sandbox
    raise AttributeError(name)
