"""`python -m sandbox`: serve all emulators until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from sandbox.amocrm.seed_file import read_section as read_amocrm
from sandbox.bitrix24.seed_file import read_section as read_bitrix24
from sandbox.onec.configuration import NAMES
from sandbox.seed_file import Sections, SeedFileError, read_seed_file
from sandbox.server import Sandbox

SECTIONS: Sections = {"amocrm": read_amocrm, "bitrix24": read_bitrix24}
"""Who reads which section of a seed file."""

log = logging.getLogger("sandbox")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after a signal, 1 if a port could not be opened or the seed file not be used."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        seeds = read_seed_file(options.seed, SECTIONS) if options.seed else {}
        sandbox = Sandbox(options.port, options.host, options.state, seeds, options.onec).start()
    except (OSError, SeedFileError) as error:
        log.error("the sandbox cannot start: %s", error)  # noqa: TRY400  # a port in use needs no traceback
        return 1
    for name, address in sandbox.addresses():
        log.info("%-32s %s", name, address)
    stopping.wait()
    sandbox.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Serve the sandbox's emulators.")
    parser.add_argument("--port", type=int, default=8900, help="base port, 8900 by default; 0 takes free ports")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, 127.0.0.1 by default")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep the CRM, 1C and the mailbox in this folder")
    parser.add_argument("--onec", choices=NAMES, default="bp", help="which configuration 1C has, bp by default")
    parser.add_argument(
        "--seed",
        type=Path,
        metavar="FILE",
        help=f"start new accounts from this YAML file (sections: {', '.join(SECTIONS)}); what --state kept goes first",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
