"""The index of people filled by one connector: `python -m bench.index NAME URL JOURNAL`; prints seconds and memory."""

from __future__ import annotations

import json
import resource
import sys
import time

from bench.parts import rss
from connectors.registry import CRMS
from provodka.journal import Journal
from provodka.payloads import Person

ENTRIES = {"amocrm": {"token": "sandbox"}, "bitrix24": {}}
SAMPLE = 100


def main(name: str, url: str, journal_url: str) -> dict[str, float]:
    """Fill it, look for some people in it, and say what it took."""
    import os

    entry = {"amocrm": url, "bitrix24": f"{url}/rest/1/sandbox/"}[name]
    settings = CRMS[name].model().model_validate({"type": name, "url": entry, **ENTRIES[name]})
    journal = Journal(journal_url)
    crm = CRMS[name].open(settings, journal.store)
    crm.users()
    before = rss(os.getpid())
    began = time.monotonic()
    while not crm.fill():
        pass
    seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6 - before
    people = [Person(phones=(f"+7916{number * 997:07}",)) for number in range(SAMPLE)]
    found = sum(one is not None for one in crm.find_people(people))
    crm.close()
    journal.close()
    return {"seconds": seconds, "memory": memory, "found": found}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
