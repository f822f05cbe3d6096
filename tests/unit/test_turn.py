"""Clients are told of the configured TURN servers, with credentials that expire and name nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from server import ids
from server.config import Config, ConfigError, Turn
from server.doctor.finding import Verdict
from server.doctor.trials import check_turn
from server.errors import OperatorError
from server.options import check_usable
from server.room.ice_servers import TurnServers
from server.room.inputs import Resume, SignalLost
from server.room.limits import RoomLimits
from server.room.room import Room
from server.turn import configured
from tests.unit.stage import Stage

URLS = ("turn:turn.example:3478?transport=udp", "turns:turn.example:443?transport=tcp")
SERVERS = TurnServers(URLS, "the secret of both", 3600)
KEYS = {"backend": "a secret of more than thirty-two bytes"}


def test_who_joins_is_told_and_can_be_checked_by_who_has_the_secret() -> None:
    stage = Stage()
    stage.room = Room("hall", ids.room_sid(), RoomLimits(), stage.now, turn=SERVERS)
    sid = stage.join("ada")
    (told,) = stage.last(sid, "join").join.ice_servers
    assert tuple(told.urls) == URLS
    until, _, word = told.username.partition(":")
    assert int(until) == int(stage.now) + 3600
    assert len(word) >= 16
    digest = hmac.digest(b"the secret of both", told.username.encode(), hashlib.sha1)
    assert base64.b64decode(told.credential) == digest


def test_a_name_tells_nothing_of_who_it_is_and_is_never_the_same() -> None:
    stage = Stage()
    stage.room = Room("hall", ids.room_sid(), RoomLimits(), stage.now, turn=SERVERS)
    names = set()
    for identity in ("ada", "ben", "ada"):
        sid = stage.join(identity)
        name = stage.last(sid, "join").join.ice_servers[0].username
        assert not {identity, sid, "hall", stage.room.sid} & set(name.split(":"))
        names.add(name.partition(":")[2])
    assert len(names) == 3


def test_who_comes_back_is_told_of_credentials_that_last_from_then_on() -> None:
    stage = Stage()
    stage.room = Room("hall", ids.room_sid(), RoomLimits(), stage.now, turn=SERVERS)
    sid = stage.enter("ada")
    (first,) = stage.last(sid, "join").join.ice_servers
    stage.pass_time(100)
    stage.put(SignalLost(sid))
    stage.put(Resume(sid))
    (fresh,) = stage.last(sid, "reconnect").reconnect.ice_servers
    times = [int(one.username.partition(":")[0]) for one in (first, fresh)]
    assert times[1] == times[0] + 100
    assert fresh.credential != first.credential


def test_without_a_setting_nobody_is_told_anything() -> None:
    stage = Stage()
    assert not stage.last(stage.join("ada"), "join").join.ice_servers
    assert configured(Config()) == TurnServers()


def test_the_secret_never_prints() -> None:
    assert "the secret" not in repr(SERVERS)


def test_the_secret_is_read_from_a_file_that_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(" the secret of both\n")
    file.chmod(0o600)
    config = Config(turn=Turn(urls=URLS, secret=str(file), credential_seconds=3600))
    assert configured(config) == SERVERS
    file.chmod(0o644)
    with pytest.raises(OperatorError, match=r"turn\.secret\) can be read by others"):
        configured(config)
    file.unlink()
    with pytest.raises(OperatorError, match=r"turn\.secret\) cannot be read"):
        configured(config)


@pytest.mark.parametrize(
    "url",
    [
        "turn:turn.example",
        "turns:turn.example:443",
        "turn:192.0.2.1:3478?transport=tcp",
        "turn:[2001:db8::1]:3478?transport=udp",
    ],
)
def test_addresses_of_turn_servers_are_those_of_the_standard(url: str) -> None:
    check_usable(Config(turn=Turn(urls=(url,), secret="file"), keys=KEYS), dev=False)


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        (Turn(urls=("turn.example",), secret="file"), "is no TURN server"),
        (Turn(urls=("stun:turn.example",), secret="file"), "is no TURN server"),
        (Turn(urls=("turn://turn.example",), secret="file"), "is no TURN server"),
        (Turn(urls=("turn:turn.example?transport=tls",), secret="file"), "is no TURN server"),
        (Turn(urls=("turn:turn.example",)), r"turn\.secret is not"),
        (Turn(secret="file"), r"turn\.urls is empty"),
        (Turn(credential_seconds=60), r"turn\.urls is empty"),
    ],
)
def test_what_no_client_could_use_is_refused(turn: Turn, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        check_usable(Config(turn=turn, keys=KEYS), dev=False)


def test_the_doctor_says_whether_the_secret_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("the secret of both")
    file.chmod(0o600)
    config = Config(turn=Turn(urls=URLS, secret=str(file)))
    (good,) = check_turn(config)
    assert good.verdict is Verdict.OK
    file.chmod(0o640)
    (bad,) = check_turn(config)
    assert bad.verdict is Verdict.MISSING
    assert "chmod 600" in bad.says
    assert check_turn(Config()) == []
