"""The profiles that come with Provodka, and what a client's own configuration has otherwise.

`profiles/<name>.yaml` is a profile; one may extend another. What overrides it is laid over it key by key: mappings are
merged, lists and values replaced, `null` takes away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from connectors.onec.odata.profile import Profile
from provodka.errors import Problem
from provodka.mistakes import Explainer
from provodka.settings import Finding, Mistakes
from provodka.shape import Shape
from provodka.substitution import Filled
from provodka.yaml_marks import Document, DocumentPath, read_document

NAMES: Final = ("bp", "ut", "unf", "erp")
_FOLDER: Final = Path(__file__).parent / "profiles"
_EXTENDS: Final = "extends"
_ADAPTER: Final = TypeAdapter(Profile)


@dataclass(frozen=True, slots=True)
class _Noted(Document):
    """Remembers the mistakes with their paths, so that they can be told where they were written."""

    findings: list[Finding] = field(default_factory=list)

    def problem(self, path: DocumentPath, text: str, hint: str = "", *, key: bool = False) -> Problem:
        self.findings.append(Finding(path, text, hint, key))
        return Problem(self.file, 1, 1, "", text, hint)


def read_profile(name: str, overrides: Mapping[str, Any] | str = "") -> Profile:
    """A profile with what overrides it: given here, or in a YAML file.

    Raises Mistakes: at the places of what was given, or with the places in the file as part of the text.
    """
    document = read_document(Path(overrides)) if isinstance(overrides, str) and overrides else None
    if document is not None and document.problems:
        raise Mistakes(*(Finding((), str(one)) for one in document.problems))
    given = document.data if document is not None else overrides or {}
    if not isinstance(given, Mapping):
        raise Mistakes(Finding((), "a profile is a mapping (key: value)"))
    data = merged(_shipped(name), given)
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        noted = _Noted(name, data, [])
        Explainer(noted, Filled(data)).explain(error, (), Shape.of(_ADAPTER), "profile")
        found = noted.findings
        if document is not None:
            found = [Finding((), str(document.problem(f.path, f.text, f.hint, key=f.key))) for f in found]
        raise Mistakes(*found) from error


def merged(below: Any, above: Any) -> Any:  # noqa: ANN401 -- plain data
    """One laid over the other."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    laid = {name: merged(below.get(name), one) for name, one in above.items() if one is not None}
    return {**{name: one for name, one in below.items() if name not in above}, **laid}


@cache
def _shipped(name: str) -> dict[str, Any]:
    document = read_document(_FOLDER / f"{name}.yaml")
    if document.problems:
        raise ValueError("; ".join(str(one) for one in document.problems))
    data: dict[str, Any] = dict(document.data)
    below = data.pop(_EXTENDS, None)
    return merged(_shipped(below), data) if below else data
