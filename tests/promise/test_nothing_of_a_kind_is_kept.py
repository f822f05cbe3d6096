"""Names, addresses, media, secrets: of each kind, thrown at every input, nothing is left anywhere."""

from __future__ import annotations

import pytest

from tests.personal import KINDS, Personals
from tests.unit.leaks import assert_alive, everything


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_kind_is_kept_wherever_it_is_thrown(kind: str) -> None:
    personals = Personals(seed=1, only=kind)
    _, _, kept = everything(personals, as_json=kind in {"name", "agent", "token", "rtp"})
    assert_alive(kept)
    assert personals.found_in(kept) == []
