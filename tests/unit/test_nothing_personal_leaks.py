"""Whatever is thrown at whichever input: of people, room and identity of the token are kept, no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs

from server import app as composition
from server import facts
from server.api.twirp.methods import SERVED
from server.auth import token as tokens
from server.journal import Discreet
from server.metadata.event import Event
from server.metadata.rows.sessions import ParticipantJoined
from server.rooms import books
from server.signaling import route as signaling
from server.tally import Tally
from tests.personal import Personals
from tests.postgres import Cluster
from tests.thrown_requests import TAKING
from tests.thrown_signals import MEMBERS
from tests.unit.leaks import assert_alive, everything, throw_everything, written


@pytest.mark.timeout(120)
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(2, 1_000_000), as_json=st.booleans())
def test_nothing_of_a_mixture_is_kept(seed: int, as_json: bool) -> None:
    personals = Personals(seed)
    _, _, kept = everything(personals, as_json=as_json)
    assert_alive(kept)
    assert personals.found_in(kept) == []


@pytest.mark.timeout(120)
def test_nothing_is_kept_in_a_database(postgres: Cluster, tmp_path: Path) -> None:
    """The files of the database, the write-ahead log and the log of the database server."""
    begun, url = time.time() - 1, postgres.database()
    name = url.partition("@/")[2].partition("?")[0]
    personals = Personals(seed=3)
    _, _, kept = asyncio.run(throw_everything(tmp_path, personals, url, as_json=False))
    kept |= written(tmp_path)
    kept["the database"] = postgres.on_disk(name)
    for part in ("data/pg_wal", "log"):
        for path in sorted((postgres.directory / part).rglob("*")):
            if path.is_file() and path.stat().st_mtime >= begun:
                kept[path.name] = path.read_bytes().replace(bytes(64), b"")  # what is not written yet
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)", "postgres")
    for word in (b"participant_joined", b"attempts_refused", b"track_published", b"hall"):
        assert word in kept["the database"]
    assert personals.found_in(kept) == []


def _in_an_event(patch: pytest.MonkeyPatch) -> None:
    told = facts.event_of

    def telling(fact: Any, user_agent: str = "") -> Event:
        event = told(fact, user_agent)
        if isinstance(event, ParticipantJoined):
            return structs.replace(event, identity=f"{event.identity} {fact.client.device_model}"[:256])
        return event

    patch.setattr(books, "event_of", telling)


def _in_the_log(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Discreet, "filter", lambda self, record: True)


def _in_a_label(patch: pytest.MonkeyPatch) -> None:
    def counted(tally: Tally) -> Any:
        async def count(request: web.Request, response: web.StreamResponse) -> None:
            tally.answered(request.path, response.status)

        return count

    patch.setattr(composition, "counted", counted)


def _in_a_file(patch: pytest.MonkeyPatch) -> None:
    def verify(token: str, *words: Any) -> Any:
        with Path("debug.txt").open("a") as file:
            file.write(token)
        return tokens.verify(token, *words)

    patch.setattr(signaling, "verify", verify)


@pytest.mark.parametrize(
    ("plant", "places"),
    [
        (
            _in_an_event,
            {"ledger.db", "copy.db", "logs", "logs --json", "logs --events --json", "participants"},
        ),
        (_in_the_log, {"the log"}),
        (_in_a_label, {"OpenMetrics"}),
        (_in_a_file, {"debug.txt"}),
    ],
)
def test_what_leaks_is_seen(plant: Callable[[pytest.MonkeyPatch], None], places: set[str]) -> None:
    personals = Personals(seed=4, only="mail")
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        _, _, kept = everything(personals)
    assert places <= {found.rpartition(" is in ")[2] for found in personals.found_in(kept)}


def test_every_route_and_every_signal_is_thrown_at() -> None:
    """A new one is thrown at by itself, but for what it takes: `BODIES` says that, or `FORMS`."""
    thrower, server, kept = everything(Personals(seed=1))
    assert thrower.members == set(MEMBERS)
    assert thrower.methods == SERVED.keys() - {"MutePublishedTrack"}  # no personal name is one of a track
    taking = {(method, path) for method, path in server.routes if method not in {"GET", "HEAD", "OPTIONS"}}
    assert taking == TAKING
    answered = kept["OpenMetrics"].decode()
    missed = [path for _, path in server.routes if f'route="{path}"' not in answered]
    assert missed == []
