"""What the server API did to a room, and what it refused."""

from __future__ import annotations

import pytest

from server.room import administration
from server.room.effects import Act, Administered
from server.room.inputs import Admin
from server.room.refused import AdminRefused
from tests.unit.stage import Stage


def acts(stage: Stage) -> list[tuple[str, Act]]:
    """Whom each was done to, and what."""
    return [(fact.identity, fact.act) for fact in stage.facts() if isinstance(fact, Administered)]


def refused(stage: Stage, wanted: Admin) -> AdminRefused:
    """The refusal; and nothing happens when it is put in all the same."""
    with pytest.raises(AdminRefused) as caught:
        administration.check(stage.room, wanted, stage.now)
    assert stage.put(wanted) == []
    return caught.value
