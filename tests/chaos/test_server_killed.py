"""PostgreSQL itself dies while everybody works: the shop goes on when it is back, and nothing is lost or double."""

import os
import random

import pytest

from refundkit.stores.sql import SQLStore
from tests.chaos.crew import SEATS, Crew, eventually, open_vendor
from tests.chaos.findings import come_to_rest, inspect
from tests.chaos.shop import Shop
from tests.peers import PeerMissingError, peer_missing, postgresql

DEATHS = max(4, int(os.environ.get("REFUNDKIT_KILLS", "40")) // 10)

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.xdist_group("chaos")]


@pytest.fixture
def cluster():
    """Yield a cluster of our own: the one that other tests share must live on."""
    try:
        with postgresql.cluster() as own:
            yield own
    except PeerMissingError as reason:
        peer_missing(reason)


def test_server_killed(cluster, tmp_path):
    """Laws E1 and E4: a server that is shot, or stopped without a word, loses no refund and repeats none."""
    chance = random.Random(DEATHS)  # noqa: S311 - chance, not secrets
    with open_vendor(seed=DEATHS) as vendor:
        shop = Shop(url=cluster.url, port=vendor.port, folder=tmp_path)
        SQLStore.open(shop.url).close()
        with Crew(shop, chance, SEATS) as crew:
            for death in range(DEATHS):
                enough = vendor.look("/asked")["asked"] + chance.randint(10, 30)
                eventually(lambda enough=enough: vendor.look("/asked")["asked"] >= enough, "somebody works")
                (cluster.kill, cluster.stop)[death % 2]()
                cluster.start()
            crew.leave()
        with SQLStore.open(shop.url) as store:
            come_to_rest(shop, store, vendor)
            found = inspect(shop, store, vendor)
    print(f"{DEATHS} deaths of the server, {found}")  # noqa: T201 - the figures, for whoever runs it with -s
    assert found.refusals, "nobody noticed"
