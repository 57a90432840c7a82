"""An extension that prints an invoice when it is posted and stores the PDF as an attached file, for OData to read."""

from __future__ import annotations

import base64
import zlib

from sandbox.onec.base import Base
from sandbox.onec.forms import printed_form
from sandbox.onec.papers import Paper
from sandbox.onec.switches import Switches
from sandbox.onec.telling import Teller
from sandbox.onec.values import Record

STORED = {"plain": "ВИнформационнойБазе", "deflated": "ВИнформационнойБазе", "volumes": "ВТомахНаДиске"}
STORAGE = "ФайлХранилище"


class Attached:
    """The printed forms of one base, stored as the switch `attaches` says."""

    def __init__(self, base: Base, switches: Switches) -> None:
        self._base, self._switches = base, switches

    def posted(self, paper: Paper) -> None:
        """Print an invoice that was posted, where the extension works."""
        if paper.kind == "invoice" and self._switches.attaches != "no":
            self.attach(paper, self._switches.attaches)

    def attach(self, paper: Paper, how: str = "plain") -> Record:
        """Store the printed form of a document; of a file in `volumes` the base holds no content."""
        name, content = printed_form(Teller(self._base).told(paper))
        kept = {"plain": content, "deflated": zlib.compress(content), "volumes": b""}[how]
        title, _, extension = name.rpartition(".")
        file = {
            "Description": title,
            "ВладелецФайла_Key": paper.ref,
            "Расширение": extension,
            "Размер": len(content),
            "ДатаСоздания": self._base.now(),
            "ТипХраненияФайла": STORED[how],
            f"{STORAGE}_Type": "application/octet-stream",
            f"{STORAGE}_Base64Data": base64.b64encode(kept).decode(),
        }
        return self._base.write(self._base.configuration.roles.files, file)
