"""The guide of the sandbox tells of every act and every switch, and of none that is not there."""

import re
from pathlib import Path

from sandbox.onec.acts import MODELS
from sandbox.onec.switches import Switches

GUIDE = Path(__file__).parents[3] / "docs" / "ru" / "sandbox-1c.md"


def named_under(heading):
    """The names in the first column of the table under a heading."""
    part = GUIDE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_the_guide_tells_of_every_act():
    assert sorted(named_under("За бухгалтера")) == sorted(MODELS)


def test_the_guide_tells_of_every_switch():
    assert sorted(named_under("Беды и отличия")) == sorted(Switches.model_fields)
