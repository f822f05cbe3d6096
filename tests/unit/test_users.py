"""Whether a process may be root, as its number and the map of its user namespace tell."""

from __future__ import annotations

import pytest

from server.workers.users import ROOT, least_trusted, seen_outside

MACHINE = "         0          0 4294967295\n"
CONTAINER = "0 100000 65536\n"


@pytest.mark.parametrize(
    ("user", "user_map", "outside"),
    [
        (61234, MACHINE, 61234),
        (0, MACHINE, 0),
        (61234, CONTAINER, 161234),
        (65536, CONTAINER, None),
        (65534, "", None),  # `unshare --user` shows everybody as nobody
        (1000, "1000 0 1\n", 0),
        (5, "0 1000 1\n1 100000 65536\n", 100004),
    ],
)
def test_the_user_outside(user: int, user_map: str, outside: int | None) -> None:
    assert seen_outside(user, user_map) == outside


@pytest.mark.parametrize(
    ("users", "user_map", "trusted"),
    [
        ([61234] * 4, MACHINE, 61234),
        ([61234] * 4, CONTAINER, 61234),
        ([61234, 61234, 0, 61234], MACHINE, ROOT),  # a saved root can be taken back
        ([1000] * 4, "1000 0 1\n", ROOT),
        ([65534] * 4, "", ROOT),
        ([0] * 4, "0 1000 1\n", ROOT),
        ([], MACHINE, ROOT),
    ],
)
def test_who_may_be_root_counts_as_root(users: list[int], user_map: str, trusted: int) -> None:
    assert least_trusted(users, user_map) == trusted
