"""What a server loads when it starts."""

from __future__ import annotations

import subprocess
import sys

ASKED = """
import sys
sys.argv = ["provodka", "run", *{words!r}]
from cli import main
try:
    main()
finally:
    print(*sorted(name for name in sys.modules if name.startswith("cli.")), file=sys.stderr)
"""


def test_a_server_starts_with_no_other_command_and_takes_the_same_words() -> None:
    helped = subprocess.run(
        [sys.executable, "-c", ASKED.format(words=["--help"])], capture_output=True, text=True, timeout=60
    )
    assert helped.returncode == 0
    assert "--role" in helped.stdout
    loaded = set(helped.stderr.split())
    assert {"cli.server", "cli.run"} <= loaded
    assert loaded.isdisjoint({"cli.main", "cli.support", "cli.reports", "cli.onec", "cli.imports.commands"})
