"""The client's dictionaries (`dictionaries:` of the config): what somebody wrote, and what it is called in the CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, WithJsonSchema

from provodka.settings import Finding, Mistakes
from rules.text import fold

ELSE: Final = "else"


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
    """Compares without regard to case, ё and blanks. Without `other` an unknown value stays as it is."""

    words: Mapping[str, str]
    other: str | None = None

    @classmethod
    def of(cls, written: Mapping[str, str]) -> Dictionary:
        """Of a section of the config, where `else` stands for every other value."""
        return cls({_bare(word): said for word, said in written.items() if word != ELSE}, written.get(ELSE))

    def look_up(self, value: Any) -> str:  # noqa: ANN401 -- whatever a text may hold
        """What a value means here. An empty one stays empty: nothing was said."""
        text = str(value)
        found = self.words.get(_bare(text))
        if found is not None:
            return found
        return text if self.other is None or not text.strip() else self.other


def _bare(text: str) -> str:
    return fold(text).replace(" ", "")
