"""The client's dictionaries (`dictionaries:` of the config): what somebody wrote, and what it is called in the CRM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, WithJsonSchema

from provodka.settings import Finding, Mistakes
from rules.text import fold

ELSE: Final = "else"

_SIGNS: Final = re.compile(r"[^\w]+")


def _as_text(value: object) -> object:
    """A number is a text too: what is looked up is always one."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _without_twins(words: dict[str, str]) -> dict[str, str]:
    """Two spellings that compare alike must mean the same."""
    seen: dict[str, str] = {}
    for word in words:
        first = seen.setdefault(_bare(word), word)
        if words[first] != words[word]:
            raise Mistakes(Finding((word,), f"«{word}» is compared like «{first}», which means something else"))
    return words


_Word = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number"]})]
_Words = Annotated[dict[str, _Word], Field(min_length=1), AfterValidator(_without_twins)]
DICTIONARY: Final[TypeAdapter[dict[str, str]]] = TypeAdapter(_Words)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Compares without regard to case, ё and blanks. Without `other` an unknown value stays as it is.

    `spelled` keeps the blanks between words, for a search in running text.
    """

    words: Mapping[str, str]
    other: str | None = None
    spelled: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, written: Mapping[str, str]) -> Dictionary:
        """Of a section of the config, where `else` stands for every other value."""
        words = {word: said for word, said in written.items() if word != ELSE}
        spelled = {" ".join(_SIGNS.sub(" ", fold(word)).split()): said for word, said in words.items()}
        return cls({_bare(word): said for word, said in words.items()}, written.get(ELSE), spelled)

    def look_up(self, value: Any) -> str:  # noqa: ANN401 -- whatever a text may hold
        """What a value means here. An empty one stays empty: nothing was said."""
        text = str(value)
        found = self.words.get(_bare(text))
        if found is not None:
            return found
        return text if self.other is None or not text.strip() else self.other

    def mentioned_in(self, value: Any) -> str:  # noqa: ANN401 -- whatever a text may hold
        """What the words of a running text mean here: that of the first in the dictionary which begins a word of the
        text («подшипник» is in «нужны подшипники»). Of none `other`, of an empty text nothing."""
        text = f" {_SIGNS.sub(' ', fold(str(value)))}"
        if not text.strip():
            return ""
        said = (meaning for word, meaning in self.spelled.items() if f" {word}" in text)
        return next(said, self.other or "")


def _bare(text: str) -> str:
    return fold(text).replace(" ", "")
