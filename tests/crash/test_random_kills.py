"""The product is killed again and again while forms come in and the CRM fails every third call.

PROVODKA_KILLS is how often (7 unless it is set), PROVODKA_SEED what chance begins with.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from provodka.journal.schema import attempts
from tests.crash.load import Load
from tests.crash.offices import CRMS, running
from tests.crash.world import World, until
from tests.end_to_end.product import Product

pytestmark = pytest.mark.crash

KILLS = int(os.environ.get("PROVODKA_KILLS", "7"))
SEED = int(os.environ.get("PROVODKA_SEED", "1"))
PER_SECOND = 40
EARLY = 0.2  # the share of processes that are killed before they serve
BIRTH = 1.5  # seconds from the start of such a process
LIFE = 1.5  # seconds from the moment on when the others serve
FAULTS = (
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500},
    {"kind": "cut_before"},
    {"kind": "cut_after"},
)


@pytest.fixture(params=CRMS)
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    with running(request.param) as office:
        world = World(tmp_path, office)
        yield world
        world.close()


@pytest.fixture
def product(world: World) -> Iterator[Product]:
    product = Product(world.config, world.environ, world.folder / "product.log")
    world.port = product.port
    world.reset()
    yield product
    product.kill()


@pytest.mark.timeout(120 + 20 * KILLS)
@pytest.mark.shows("S0-05")
def test_killed_again_and_again_under_load_nothing_is_lost_and_nothing_is_doubled(
    world: World, product: Product
) -> None:
    dice = random.Random(SEED)
    world.office.control("faults", {"share": 0.3, "seed": SEED, "kinds": list(FAULTS)})
    began = time.monotonic()
    with Load(world.hook, PER_SECOND, SEED) as load:
        for _ in range(KILLS):
            product.start()
            if dice.random() < EARLY:
                time.sleep(dice.uniform(0, BIRTH))
            else:
                product.ready()
                time.sleep(dice.uniform(0, LIFE))
            assert product.alive, f"the product has ended by itself: {product.log.read_text()[-3000:]}"
            product.kill()
        product.start()
        product.ready()
    killed = time.monotonic()
    world.office.control("faults", method="DELETE")
    world.end_pauses()
    forms = [(form.phone, form.comment) for form in load.acknowledged]
    people = len({phone for phone, _ in forms})
    until(lambda: world.comes_to_rest(people), "rest", patience=120 + 5 * KILLS)
    rested = time.monotonic()
    product.kill()
    lost = select(func.count()).select_from(attempts).where(attempts.c.outcome == "lost")
    print(
        f"\n{world.office.name}: {KILLS} kills in {killed - began:.0f} s, rest after {rested - killed:.0f} s more: "
        f"{len(forms)} forms of {people} people acknowledged in {load.tries} tries, "
        f"{world.read(lambda c: c.execute(lost).scalar_one())} attempts cut short, "
        f"CRM: {world.office.control('stats', method='GET')['faults']}"
    )
    assert world.wrongs(forms) == []
