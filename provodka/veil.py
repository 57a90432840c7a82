"""What a rule took of the environment (`${NAME}`) is kept and shown under its name, never in the open.

The journal, traces and pages hold `${NAME}`; the value is put in its place only where a request leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from provodka.errors import Rejected
from provodka.redact import written_forms

_SHORTEST: Final = 4  # what is shorter would be found everywhere, and hides nothing
_NAMED: Final = re.compile(r"\$(?:(\$)|\{([^{}]+)\})")


class Veil:
    """`outside` are the values by their names; of `unread` only the names are known, which stand for their values.
    Threads may share it."""

    def __init__(self, outside: Mapping[str, str] | None = None, unread: Iterable[str] = ()) -> None:
        self._values = {name: value for name, value in (outside or {}).items() if len(value) >= _SHORTEST}
        by_length = sorted(self._values.items(), key=lambda one: len(one[1]), reverse=True)
        self._names = {value: name for name, value in reversed(by_length)}
        self._names |= {f"${{{name}}}": name for name in unread}
        found = [re.escape(value) for value in sorted(self._names, key=len, reverse=True)]
        self._hidden = re.compile("|".join([*found, r"\$"]))
        self._forms = {form: name for name, value in self._values.items() for form in written_forms(value)}
        forms = sorted(self._forms, key=len, reverse=True)
        self._secret = re.compile("|".join(map(re.escape, forms))) if forms else None

    def hide(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """Plain data with every value under its name; a plain `$` becomes `$$`, so that `show` cannot be deceived."""
        if isinstance(value, str):
            return self._hidden.sub(lambda found: "$$" if found[0] == "$" else f"${{{self._names[found[0]]}}}", value)
        if isinstance(value, dict):
            return {self.hide(name): self.hide(item) for name, item in value.items()}
        return [self.hide(item) for item in value] if isinstance(value, list | tuple) else value

    def show(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """Hidden data with its values; Rejected where the config does not take such a name any more."""
        if isinstance(value, str):
            return _NAMED.sub(lambda found: "$" if found[1] else self._value(found[2]), value)
        if isinstance(value, dict):
            return {self.show(name): self.show(item) for name, item in value.items()}
        return [self.show(item) for item in value] if isinstance(value, list | tuple) else value

    def mask(self, text: str) -> str:
        """Any text, with the names in the place of the values however they are written, for people to read."""
        return self._secret.sub(lambda found: f"${{{self._forms[found[0]]}}}", text) if self._secret else text

    def _value(self, name: str) -> str:
        if name not in self._values:
            hint = f"Верните ${{{name}}} в правило или отправьте действие заново: его больше нет в настройках"
            raise Rejected(f"the config takes no ${{{name}}} any more", hint=hint)
        return self._values[name]
