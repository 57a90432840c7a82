"""A colour of the client's that can be read on any ground: made lighter or darker until the contrast is enough."""

from __future__ import annotations

from typing import Final

LIGHT: Final = "#ffffff"
DARK: Final = "#17181c"
ENOUGH: Final = 4.5
"""The contrast that WCAG AA asks for texts."""

Rgb = tuple[int, int, int]


def rgb(colour: str) -> Rgb:
    """The parts of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(rgb(one)), _luminance(rgb(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, ground: str) -> str:
    """The colour, mixed with as much black or white as it takes to be read on the ground."""
    towards = "#000000" if contrast("#000000", ground) > contrast("#ffffff", ground) else "#ffffff"
    for step in range(21):
        mixed = _mixed(colour, towards, step / 20)
        if contrast(mixed, ground) >= ENOUGH:
            return mixed
    return towards


def on(colour: str) -> str:
    """White or nearly black, whichever is read better on the colour."""
    return max((LIGHT, DARK), key=lambda one: contrast(one, colour))


def _mixed(colour: str, other: str, share: float) -> str:
    parts = zip(rgb(colour), rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _luminance(colour: Rgb) -> float:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
