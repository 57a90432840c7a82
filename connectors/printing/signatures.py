"""The foot of an invoice: who signs, with the pictures of stamp and signatures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from connectors.printing.page import BOLD, FONT, SIZE, WIDTH, text_width
from connectors.printing.pictures import picture

_ROW: Final = 14 * mm
_LINE: Final = 50 * mm
_GAP: Final = 3 * mm
_STAMP: Final = 38 * mm  # what a round stamp of a firm measures


@dataclass(frozen=True, slots=True)
class Signer:
    """`title` stands before the line, `name` behind it, `picture` on it."""

    title: str
    name: str
    picture: Path | None


class Signatures(Flowable):
    """A line for each who signs. The stamp lies under lines and names, as pictures without transparency hide things."""

    def __init__(self, signers: tuple[Signer, ...], stamp: Path | None) -> None:
        super().__init__()
        self._signers = signers
        self._stamp = stamp
        self.width = WIDTH
        self.height = max(_ROW * len(signers), _STAMP + 2 * mm if stamp else 0) + 4 * mm

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        begin = max(text_width(signer.title, BOLD) for signer in self._signers) + _GAP
        self.canv.setLineWidth(1.2)
        self.canv.line(0, self.height, self.width, self.height)
        if self._stamp:
            self._picture(self._stamp, begin + _LINE - _STAMP, 0, _STAMP, _STAMP)
        for place, signer in enumerate(self._signers, start=1):
            self._sign(signer, begin, self.height - place * _ROW)

    def _sign(self, signer: Signer, begin: float, y: float) -> None:
        if signer.picture:
            self._picture(signer.picture, begin, y - 2 * mm, _LINE * 0.7, _ROW - 2 * mm)
        self.canv.setFont(BOLD, SIZE)
        self.canv.drawString(0, y, signer.title)
        self.canv.setLineWidth(0.5)
        self.canv.line(begin, y - 1, begin + _LINE, y - 1)
        self.canv.setFont(FONT, SIZE)
        self.canv.drawString(begin + _LINE + _GAP, y, signer.name)

    def _picture(self, path: Path, x: float, y: float, width: float, height: float) -> None:
        self.canv.drawImage(picture(path), x, y, width, height, mask="auto", preserveAspectRatio=True, anchor="c")
