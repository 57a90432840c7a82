"""The pictures of the config on a form: logo, stamp, signatures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable

from provodka.errors import Rejected


class Picture(Flowable):
    """A picture at the left, as large as the room allows."""

    def __init__(self, path: Path, width: float, height: float) -> None:
        super().__init__()
        self._picture = picture(path)
        wide, high = self._picture.getSize()
        scale = min(width / wide, height / high)
        self.width, self.height = wide * scale, high * scale

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        self.canv.drawImage(self._picture, 0, 0, self.width, self.height, mask="auto")


def picture(path: Path) -> ImageReader:
    """A picture as it is drawn; raises Rejected where the file has gone or is broken.

    A JPEG goes into the form as it is; of anything else the transparency is kept.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return ImageReader(str(path) if image.format == "JPEG" else image.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = f"the picture {path.name} cannot be drawn: {type(error).__name__}"
        raise Rejected(reason, hint=f"положите исправную картинку {path.name} рядом с настройками") from error
