"""What each service posts, acknowledged after the commit, beside the plain form of a site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench import load, parts
from bench.bodies import KINDS

FLOOR = "form"


def receivers(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Each in turn with the form before and after it, so that both meet the same machine; the better form counts."""
    environ = {
        "BENCH_CONFIG": str(parts.HERE / "channels.yaml"),
        "BENCH_JOURNAL": f"sqlite:///{folder}/journal.sqlite",
    }
    with parts.product(environ, "web") as (url, _):
        before = _once(url, FLOOR)
        for kind in KINDS:
            if kind == FLOOR:
                continue
            ours = max((_once(url, kind) for _ in range(2)), key=lambda one: one.per_second)
            after = _once(url, FLOOR)
            floor = max(before.per_second, after.per_second)
            told = f"{ours.per_second:.0f} beside {floor:.0f} ({ours.per_second / floor:.0%}), wrong {ours.wrong}"
            yield f"webhooks of {kind} a second, beside the plain form", "≥ 90 % of it", told
            before = after


def _once(url: str, kind: str) -> load.Result:
    return load.run(f"{url}/hooks/{kind}", seconds=3, connections=16, body=kind)
