"""The access log on disk: whose it is, several programs at once, pseudonyms, and what expires."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.access.entry import Asked, Reason
from server.access.log import CHECKPOINT, ENTRIES, KEYS
from server.access.reading import OPERATOR_VARIABLE, Accessor, accessor, reading
from server.config import Config, Guarantee, Metadata
from server.errors import OperatorError
from tests.unit.access import DAYS, GRACE, Looked

ROOT = Path(__file__).parents[2]
DAY = 86_400.0
WRITER = """
import sys
from pathlib import Path
from tests.unit.access import Looked
looked = Looked(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
looked.look(int(sys.argv[2]))
"""


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look()
    assert looked.directory.stat().st_mode & 0o777 == 0o700
    files = {path.name: path.stat().st_mode & 0o777 for path in looked.directory.iterdir()}
    assert files == {ENTRIES: 0o600, CHECKPOINT: 0o600, KEYS: 0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_writes_belongs_to_the_server(tmp_path: Path) -> None:
    """So that a command run by root does not keep the server's own user from writing."""
    os.chown(tmp_path, 61234, 61234)
    looked = Looked(tmp_path)
    looked.look()
    owners = {path.stat().st_uid for path in (looked.directory, *looked.directory.iterdir())}
    assert owners == {61234}


def test_a_directory_of_others_is_refused(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look()
    looked.directory.chmod(0o750)
    with pytest.raises(OperatorError, match="chmod 700"):
        looked.look()


def test_several_programs_at_once(tmp_path: Path) -> None:
    words = [sys.executable, "-c", WRITER, str(tmp_path), "15"]
    pipe = subprocess.PIPE
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe)) for _ in range(4)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.close()
        assert [writer.wait(25) for writer in writers] == [0, 0, 0, 0]
    verdict = Looked(tmp_path).log.verify()
    assert (verdict.intact, verdict.entries, verdict.unsigned) == (True, 60, 0)


def test_nobody_is_named_but_the_operator(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(3, room="Zimmer-4711", identity="ada.lovelace@example.org")
    everything = b"".join(path.read_bytes() for path in looked.directory.iterdir())
    for name in (b"Zimmer", b"4711", b"lovelace", b"example.org"):
        assert name not in everything
    assert b"grace" in everything


def test_who_looked_at_somebody(tmp_path: Path) -> None:
    """For as long as the key of the month lives, and across months; a room is no person of the same name."""
    looked = Looked(tmp_path)
    looked.look(identity="ada")
    looked.look(identity="alan")
    looked.clock.now += 40 * DAY
    looked.look(identity="ada")
    names = looked.log.pseudonyms(identity="ada")
    entries = list(looked.log.entries())
    assert [entry.identity in names for entry in entries] == [True, False, True]
    assert entries[0].identity != entries[2].identity
    assert not looked.log.pseudonyms(room="ada") & names


def test_what_expired_is_gone_and_the_rest_stays_verifiable(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(2, identity="ada")
    gone = {entry.identity for entry in looked.log.entries()}
    looked.clock.now += 200 * DAY
    looked.look(2, identity="alan")
    before = looked.log.kept_elsewhere(looked.log.checkpoint())
    looked.clock.now += (DAYS - 200) * DAY + 1
    looked.log.expire()
    verdict = looked.log.verify(before)
    assert (verdict.intact, verdict.cut, verdict.entries, verdict.compared) == (True, 2, 2, 1)
    everything = b"".join(path.read_bytes() for path in looked.directory.iterdir())
    assert not [name for name in gone if (name or "").encode() in everything]
    assert not gone & looked.log.pseudonyms(identity="ada")
    looked.look()
    verdict = looked.log.verify()
    assert (verdict.intact, verdict.last) == (True, 5)


def test_looking_cuts_off_what_expired(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(3)
    looked.clock.now += DAYS * DAY + 1
    looked.look()
    verdict = looked.log.verify()
    assert (verdict.intact, verdict.cut, verdict.entries) == (True, 3, 1)
    assert len(json.loads((looked.directory / KEYS).read_bytes())) == 1


def test_a_key_that_expired_is_overwritten(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look()
    keys = looked.directory / KEYS
    with keys.open("rb") as old:
        secret = next(iter(json.loads(old.read()).values())).encode()
        looked.clock.now += DAYS * DAY + 1
        looked.log.expire()
        old.seek(0)
        assert secret not in old.read()
    assert secret not in keys.read_bytes()


def test_a_log_that_was_changed_is_not_cut(tmp_path: Path) -> None:
    """The change would be cut off with the rest."""
    looked = Looked(tmp_path)
    looked.look(3)
    lines = looked.lines()
    looked.write([lines[0], lines[1].replace(b"grace", b"alan"), *lines[2:]])
    looked.clock.now += DAYS * DAY + 1
    with pytest.raises(OperatorError, match="is not what was written"):
        looked.log.expire()
    assert len(looked.lines()) == 4


def test_a_crash_between_the_checkpoint_and_the_cut(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(3)
    whole = looked.entries.read_bytes()
    looked.clock.now += DAYS * DAY + 1
    looked.log.expire()
    looked.entries.write_bytes(whole)
    assert looked.log.verify().intact
    looked.log.expire()
    verdict = looked.log.verify()
    assert (verdict.intact, verdict.cut, verdict.entries) == (True, 3, 0)


def _config(directory: Path) -> Config:
    return Config(
        metadata=Metadata(access_log=str(directory / "access")),
        guarantee=Guarantee(signing_key=str(directory / "key.pem")),
    )


def test_a_read_is_there_before_it_shows_anything_and_says_what_it_showed(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    with contextlib.suppress(BrokenPipeError), reading(_config(tmp_path), GRACE, Asked.EVENTS) as seen:
        [entry] = looked.log.entries()
        assert (entry.operator, entry.reason, entry.rows) == ("grace", "support", None)
        seen.count()
        seen.count(6)
        raise BrokenPipeError
    _, ended = looked.log.entries()
    assert (ended.of, ended.rows, ended.asked) == (entry.number, 7, Asked.EVENTS)


def test_nothing_is_shown_where_the_log_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "access").write_text("a file is in the way")
    with (
        pytest.raises(OperatorError, match="so nothing is shown"),
        reading(_config(tmp_path), GRACE, Asked.EVENTS),
    ):
        pytest.fail("shown")


def test_who_looks_and_why_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.access.reading.login_account", lambda: 0)
    with pytest.raises(OperatorError, match="--reason with one of support, security"):
        accessor("grace", None)
    with pytest.raises(OperatorError, match=f"--operator NAME, or {OPERATOR_VARIABLE}"):
        accessor(None, Reason.LEGAL)
    assert accessor("grace", Reason.LEGAL) == Accessor("grace", Reason.LEGAL, 0)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a\n", "a" * 65, "\x1b[2J", "ada\u202e"])
def test_an_operators_name_is_plain(name: str) -> None:
    with pytest.raises(OperatorError, match="operator's name"):
        accessor(name, Reason.LEGAL)
