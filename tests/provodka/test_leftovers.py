"""What a killed process has left is thrown away, what a living one is writing is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from provodka.leftovers import held, sweep

ROOT = Path(__file__).parents[2]
HOLDING = """
import sys
from pathlib import Path
from provodka.leftovers import held
folder = Path(sys.argv[1])
held(lambda: (folder.mkdir(), folder)[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_of_another_process_is_thrown_away_once_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        (folder / "half.sqlite").write_text("x")
        sweep(tmp_path.iterdir())
        assert (folder / "half.sqlite").exists()
        other.kill()
    sweep(tmp_path.iterdir())
    assert not folder.exists()


def test_what_a_sweep_met_before_it_was_held_is_made_anew(tmp_path: Path) -> None:
    made: list[Path] = []

    def make() -> Path:
        path = tmp_path / str(len(made))
        path.touch()
        made.append(path)
        if len(made) == 1:
            sweep([path])
        return path

    path, lock = held(make)
    assert (path.name, path.exists(), made[0].exists()) == ("1", True, False)
    sweep(made)
    assert path.exists()
    os.close(lock)
    sweep(made)
    assert not path.exists()


def test_a_sweep_follows_no_link_and_is_not_stopped_by_what_is_gone(tmp_path: Path) -> None:
    kept, link, last = tmp_path / "kept", tmp_path / "link", tmp_path / "last"
    kept.mkdir()
    link.symlink_to(kept)
    last.touch()
    sweep([tmp_path / "gone", link, last])
    assert kept.exists()
    assert not last.exists()
