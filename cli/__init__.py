"""The command `provodka`."""

import gc
import sys


def main() -> None:
    """The entry point; the application is imported here, so that `import cli` stays cheap.

    A server that starts imports no other command than `run`: they would be a fifth of its start and 8 MB of its memory.
    """
    gc.disable()  # what is imported stays: to look for garbage among it would be a tenth of the start
    if sys.argv[1:2] == ["run"]:
        import cli.server
    else:
        import cli.main  # noqa: F401 -- mounts the commands
    from cli.app import app

    gc.freeze()
    gc.enable()
    app()
