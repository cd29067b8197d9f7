"""Real processes, killed at random: nothing is lost, nothing is done twice, nothing is stuck."""

import os
import random
import time
from itertools import count

import pytest

from refundkit.stores.sql import SQLStore
from tests.chaos.crew import Crew, Vendor, eventually, open_vendor
from tests.chaos.findings import come_to_rest, inspect
from tests.chaos.shop import Shop

KILLS = int(os.environ.get("REFUNDKIT_KILLS", "40"))
_seeds = count(int(os.environ.get("REFUNDKIT_SEED", "1")))

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]


def kill_many(crew: Crew, vendor: Vendor) -> None:
    """Kill again and again: after some more work was done, and then at any moment."""
    while crew.kills < KILLS:
        enough = vendor.look("/asked")["asked"] + crew.chance.randint(0, 12)
        eventually(lambda enough=enough: vendor.look("/asked")["asked"] >= enough, "somebody works")
        time.sleep(crew.chance.uniform(0, 0.02))
        crew.kill_one()


def test_killed_at_any_moment(engine_url, tmp_path, record_testsuite_property):
    """Laws E1 to E6 and T4: writers, sweepers, receivers and refreshers may die anywhere, as often as they like."""
    seed = next(_seeds)
    with open_vendor(seed) as vendor:
        shop = Shop(url=engine_url, port=vendor.port, folder=tmp_path, seed=seed)
        SQLStore.open(shop.url).close()
        with Crew(shop, random.Random(seed)) as crew:  # noqa: S311 - chance, not secrets
            kill_many(crew, vendor)
            crew.leave()
        with SQLStore.open(shop.url) as store:
            come_to_rest(shop, store, vendor)
            found = inspect(shop, store, vendor, kills=crew.kills)
    print(found)  # noqa: T201 - the figures, for whoever runs it with -s
    record_testsuite_property(f"chaos_{engine_url.split(':')[0]}", str(found))
    assert found.kills >= KILLS
    assert found.refunds > KILLS
