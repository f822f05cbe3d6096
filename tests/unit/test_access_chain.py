"""The chain of the access log: any change of what was written is found, and nothing is written after it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.access.chain import Checkpoint, Fault, checkpoint_of, verify
from server.access.entry import Base, Entry, Reason, base_of, chained, entry_of, line
from server.access.log import CHECKPOINT, CHECKPOINT_TYPE
from server.errors import OperatorError
from server.guarantee.sign import Signer
from tests.unit.access import Looked

ENTRIES = 6


def _written() -> tuple[list[bytes], Checkpoint]:
    with tempfile.TemporaryDirectory() as directory:
        looked = Looked(Path(directory))
        looked.look(ENTRIES)
        claims = Signer.load_or_create(looked.key).verify(looked.log.checkpoint(), typ=CHECKPOINT_TYPE)
        known = checkpoint_of(claims)
        assert known is not None
        return looked.lines(), known


LINES, SIGNED = _written()
CONTENT = b"".join(LINES)


def _again(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def test_what_was_written_is_intact() -> None:
    verdict = verify(LINES, SIGNED)
    assert verdict.intact
    assert (verdict.entries, verdict.last, verdict.unsigned) == (ENTRIES, ENTRIES, 0)


@given(place=st.integers(0, len(CONTENT) - 1), change=st.integers(1, 255))
def test_a_changed_byte_is_found(place: int, change: int) -> None:
    changed = bytes([CONTENT[place] ^ change])
    assert not verify(_again(CONTENT[:place] + changed + CONTENT[place + 1 :]), SIGNED).intact


@given(place=st.integers(0, len(CONTENT)), length=st.integers(1, len(CONTENT)))
def test_removed_bytes_are_found(place: int, length: int) -> None:
    kept = CONTENT[:place] + CONTENT[place + length :]
    assert kept == CONTENT or not verify(_again(kept), SIGNED).intact


@given(place=st.integers(0, len(CONTENT) - 1), more=st.binary(min_size=1, max_size=20))
def test_inserted_bytes_are_found(place: int, more: bytes) -> None:
    """Anywhere but at the very end: what stands there without an end was never shown to anybody."""
    grown = CONTENT[:place] + more + CONTENT[place:]
    assert not verify(_again(grown), SIGNED).intact


@given(order=st.permutations(range(1, ENTRIES + 1)))
def test_another_order_is_found(order: list[int]) -> None:
    sorted_ = order == sorted(order)
    assert verify([LINES[0], *(LINES[number] for number in order)], SIGNED).intact is sorted_


@given(first=st.integers(1, ENTRIES), second=st.integers(1, ENTRIES + 1))
def test_an_entry_put_in_twice_is_found(first: int, second: int) -> None:
    doubled = [*LINES[:second], LINES[first], *LINES[second:]]
    assert not verify(doubled, SIGNED).intact


@settings(max_examples=30)
@given(number=st.integers(1, ENTRIES), keep=st.booleans())
def test_a_history_chained_anew_is_found(number: int, keep: bool) -> None:
    """Somebody who knows how the chain is made, and has not the key: one entry changed or left out."""
    base = base_of(LINES[0])
    entries = [entry_of(raw) for raw in LINES[1:]]
    forged: list[Entry] = []
    for entry in entries:
        before = forged[-1].hash if forged else base.hash
        if entry.number != number or keep:
            reason = Reason.AUDIT if entry.number == number else entry.reason
            changed = msgspec.structs.replace(entry, number=len(forged) + 1, reason=reason)
            forged.append(chained(before, changed))
    faults = {one.fault for one in verify([LINES[0], *map(line, forged)], SIGNED).findings}
    assert faults in ({Fault.OTHER_HISTORY}, {Fault.SHORTENED})


def test_a_beginning_cut_off_by_hand_is_found() -> None:
    third = entry_of(LINES[3])
    base = Base(log=SIGNED.log, cut=third.number, hash=third.hash)
    assert Fault.BEGINNING in {one.fault for one in verify([line(base), *LINES[4:]], SIGNED).findings}


def test_where_the_change_is_is_said() -> None:
    changed = LINES[3].replace(b'"rows":3', b'"rows":4')
    [finding] = verify([*LINES[:3], changed, *LINES[4:]], SIGNED).findings
    assert (finding.fault, finding.line) == (Fault.CHANGED, 4)


def test_where_an_entry_is_missing_is_said() -> None:
    [finding] = verify([*LINES[:3], *LINES[4:]], SIGNED).findings
    assert (finding.fault, finding.line) == (Fault.OUT_OF_PLACE, 4)


def test_a_checkpoint_kept_elsewhere_shows_another_log() -> None:
    """Even one that the same key has signed."""
    other, signed = _written()
    assert verify(other, signed).intact
    assert [one.fault for one in verify(other, signed, SIGNED).findings] == [Fault.OTHER_HISTORY]
    assert verify(LINES, SIGNED, SIGNED).compared == 1


def test_the_end_cut_off_is_found_and_not_written_after(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(3)
    looked.write(looked.lines()[:-1])
    assert looked.faults() == ["shortened"]
    with pytest.raises(OperatorError, match="is not what was written"):
        looked.look()
    assert looked.faults() == ["shortened"]


@pytest.mark.parametrize("gone", ["entries.jsonl", CHECKPOINT])
def test_a_file_that_is_gone_is_found_and_not_made_again(tmp_path: Path, gone: str) -> None:
    looked = Looked(tmp_path)
    looked.look(2)
    (looked.directory / gone).unlink()
    assert looked.faults() == ["no_log" if gone == "entries.jsonl" else "no_checkpoint"]
    with pytest.raises(OperatorError, match="is not what was written"):
        looked.look()


def test_a_checkpoint_of_another_key_is_not_believed(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(2)
    looked.key.unlink()
    Signer.load_or_create(looked.key)
    assert looked.faults() == ["no_checkpoint"]
    with pytest.raises(OperatorError, match="is not what was written"):
        looked.look()


def test_a_program_killed_while_it_wrote_does_no_harm(tmp_path: Path) -> None:
    """An entry that is not signed yet, and one that has no end."""
    looked = Looked(tmp_path)
    looked.look(2)
    checkpoint = (looked.directory / CHECKPOINT).read_bytes()
    looked.look()
    (looked.directory / CHECKPOINT).write_bytes(checkpoint)
    with looked.entries.open("ab") as file:
        file.write(b'{"number":4,"at":1700')
    verdict = looked.log.verify()
    assert (verdict.intact, verdict.unsigned, verdict.unfinished) == (True, 1, True)
    looked.look()
    verdict = looked.log.verify()
    assert (verdict.intact, verdict.last, verdict.unsigned, verdict.unfinished) == (True, 4, 0, False)


def test_a_history_forged_after_a_stale_checkpoint_is_not_signed(tmp_path: Path) -> None:
    looked = Looked(tmp_path)
    looked.look(3)
    entries = [entry_of(raw) for raw in looked.lines()[1:]]
    forged = [chained(base_of(looked.lines()[0]).hash, msgspec.structs.replace(entries[0], operator="alan"))]
    for number in range(2, 6):
        forged.append(chained(forged[-1].hash, msgspec.structs.replace(entries[0], number=number)))
    looked.write([looked.lines()[0], *map(line, forged)])
    with pytest.raises(OperatorError, match="is not what was written"):
        looked.look()
    assert looked.faults() == ["other_history"]
