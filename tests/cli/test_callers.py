"""What answers who calls is loaded by the first question."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONFIG = """
client: К
timezone: Europe/Moscow
journal: {{url: "sqlite:///{folder}/journal.sqlite"}}
crm: {{type: amocrm, url: "https://krovlya.amocrm.ru", token: x}}
channels:
  site: {{type: tilda, secret: x}}
rules: []
"""
ASKING = """
import sys
from pathlib import Path
from cli.config import read
from cli.house import House

house = House(read(Path(sys.argv[1]), {}))
house.receivers
loaded = lambda: [name for name in ("connectors.crm.callers", "connectors.megafon.channel") if name in sys.modules]
print(loaded(), house.around.callers.who_calls("+79160001122"), loaded())
house.close()
"""


def test_a_house_without_such_a_channel_loads_nothing_for_it(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    told = subprocess.run([sys.executable, "-c", ASKING, str(path)], capture_output=True, check=True, text=True)
    assert told.stdout.strip() == "[] None ['connectors.crm.callers']"
