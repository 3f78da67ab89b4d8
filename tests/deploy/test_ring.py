"""The model of the hash ring and of the caches behind it."""

from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks import ring, sizing

SERVERS = [f"gradserve-{number}:8000" for number in range(1, 6)]
KEYS = [f"x**{number}".encode() for number in range(5_000)]


def test_every_server_gets_about_its_share_of_keys() -> None:
    shares = Counter(map(ring.Ring(SERVERS).owner, KEYS))
    assert sorted(shares) == SERVERS
    assert max(shares.values()) < 1.35 * len(KEYS) / len(SERVERS)
    assert min(shares.values()) > 0.65 * len(KEYS) / len(SERVERS)


def test_only_the_keys_of_a_removed_server_move() -> None:
    before, after = ring.Ring(SERVERS), ring.Ring(SERVERS[:-1])
    heirs = set()
    for key in KEYS:
        first, second, *_ = before.order(key)
        assert first == before.owner(key)
        assert after.owner(key) == (second if first == SERVERS[-1] else first)
        heirs.add(second)
    assert heirs == set(SERVERS)


def test_the_cache_evicts_the_least_recently_used_key() -> None:
    held = ring.Recent(2)
    assert [held.ask(key) for key in (1, 2, 1, 3, 1, 2, 3)] == [False, False, True, False, True, False, False]


@pytest.mark.parametrize("exponent", [0.6, 0.9, 1.1])
@pytest.mark.parametrize("functions", [500, 10_000])  # each by itself; those far down in bins
def test_the_hit_ratio_agrees_with_a_simulation(functions: int, exponent: float) -> None:
    names = SERVERS[:3]
    circle = ring.Ring(names)
    owners = [names.index(circle.owner(b"f%d" % function)) for function in range(functions)]
    requests = ring.zipf(functions, 60_000, exponent, seed=3).tolist()
    capacity = functions // 20
    warm = len(requests) // 2
    popularity = sizing.Popularity(functions, exponent)
    for together, replica in ((3, lambda _, function: owners[function]), (1, lambda number, _: number % 3)):
        # The first half fills the caches.
        both = ring.hit_ratio(requests, replica, 3, capacity) * len(requests)
        first = ring.hit_ratio(requests[:warm], replica, 3, capacity) * warm
        simulated = (both - first) / (len(requests) - warm)
        assert popularity.hit_ratio(together * capacity) == pytest.approx(simulated, abs=0.02)


def test_affinity_never_needs_more_replicas() -> None:
    for functions in sizing.FUNCTIONS:
        popularity = sizing.Popularity(functions)
        for rate in sizing.RATES:
            found = sizing.plan(rate, popularity)
            assert found.replicas <= sizing.plan(rate, popularity, affinity=False).replicas
            assert rate * found.cost / 1e6 <= sizing.BUSY * found.replicas


def test_the_tables_of_the_readme_agree_with_the_model() -> None:
    readme = (Path(__file__).parents[2] / "deploy" / "sizing" / "README.md").read_text()
    for table in sizing.tables().split("\n\n"):
        assert table in readme
