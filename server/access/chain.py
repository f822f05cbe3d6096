"""Whether an access log is what was written: no entry changed, removed, inserted, reordered or cut off. PURE.

The chain alone shows what happened between two entries. The ends are shown by a checkpoint: where the log
began and ended when it was last written, signed with the server's key. What nothing here can show is said in
`docs/reading.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from server.access.entry import AccessError, Base, Count, Hash, base_of, digest, entry_of, genesis

MOST_FINDINGS = 100


class Fault(StrEnum):
    """What is wrong, in closed words."""

    NO_LOG = "no_log"  # a checkpoint speaks of a log that is not there
    NO_CHECKPOINT = "no_checkpoint"  # or one that the server's key has not signed
    BEGINNING = "beginning"  # the first line is not the one that was signed
    CHANGED = "changed"  # a line is not what was chained, or the one before it is not
    OUT_OF_PLACE = "out_of_place"  # lines are missing, inserted or in another order
    SHORTENED = "shortened"  # the end is missing
    OTHER_HISTORY = "other_history"  # sound in itself, and not what the checkpoint speaks of


SAYS: Final = {
    Fault.NO_LOG: "there is no log, but there was one",
    Fault.NO_CHECKPOINT: "no checkpoint that this server's key has signed: the ends cannot be checked",
    Fault.BEGINNING: "the beginning is not the one that was signed",
    Fault.CHANGED: "this line is not what was written, or the one before it is not",
    Fault.OUT_OF_PLACE: "lines are missing here, inserted, or in another order",
    Fault.SHORTENED: "the end is missing",
    Fault.OTHER_HISTORY: "the log is not the one that the checkpoint speaks of",
}


@dataclass(frozen=True, slots=True)
class Finding:
    fault: Fault
    line: int
    """From 1; 0: the log as a whole."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Both ends of a log at one moment; these are the claims of a JWS."""

    log: str
    cut: Count
    cut_hash: Hash
    last: Count
    last_hash: Hash


@dataclass(slots=True)
class Verdict:
    """What was found. `intact` is the answer; the rest says more."""

    findings: list[Finding] = field(default_factory=list)
    entries: int = 0
    cut: int = 0
    """Number of the last entry that expired."""
    last: int = 0
    last_hash: str = ""
    unsigned: int = 0
    """Entries after the checkpoint: more than none only if a program was killed while it wrote."""
    unfinished: bool = False
    """The last line has no end: a program was killed while it wrote, and has shown nothing."""
    compared: int = 0
    """Checkpoints kept elsewhere that this log could be compared with."""

    @property
    def intact(self) -> bool:
        return not self.findings

    def add(self, fault: Fault, line: int = 0) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(fault, line))


def checkpoint_of(claims: Mapping[str, object]) -> Checkpoint | None:
    """None unless they are those of a checkpoint."""
    try:
        return msgspec.convert(dict(claims), Checkpoint)
    except msgspec.ValidationError:
        return None


def verify(lines: Iterable[bytes], signed: Checkpoint | None, elsewhere: Checkpoint | None = None) -> Verdict:
    """`lines` with their newlines, the first being the base. `signed` is the checkpoint beside the log;
    `elsewhere` an earlier one that somebody has kept."""
    verdict = Verdict()
    stream = iter(lines)
    base = _base(next(stream, b""))
    if signed is None:
        verdict.add(Fault.NO_CHECKPOINT)
    if base is None:
        verdict.add(Fault.BEGINNING, 1)
        return verdict
    if base.cut == 0 and base.hash != genesis(base.log):
        verdict.add(Fault.BEGINNING, 1)
    wanted = [one for one in (signed, elsewhere) if one is not None]
    hashes = {base.cut: base.hash}
    points = {number for one in wanted for number in (one.cut, one.last)}
    _follow(stream, base, verdict, hashes, points)
    if signed is not None:
        _compare(verdict, base, signed, hashes)
        if base.cut > signed.cut:
            verdict.add(Fault.BEGINNING, 1)
        verdict.unsigned = max(0, verdict.last - signed.last)
    if elsewhere is not None and (elsewhere.log != base.log or elsewhere.last >= base.cut):
        _compare(verdict, base, elsewhere, hashes, ends_only=True)
        verdict.compared = 1
    return verdict


def _base(raw: bytes) -> Base | None:
    try:
        return base_of(raw)
    except AccessError:
        return None


def _follow(
    stream: Iterable[bytes], base: Base, verdict: Verdict, hashes: dict[int, str], points: set[int]
) -> None:
    """Fills the verdict, and `hashes` of the numbers in `points`."""
    verdict.cut = verdict.last = base.cut
    verdict.last_hash = base.hash
    before: str | None = base.hash
    for place, raw in enumerate(stream, start=2):
        if not raw.endswith(b"\n"):
            verdict.unfinished = True
            return
        verdict.entries += 1
        verdict.last += 1
        try:
            entry = entry_of(raw)
        except AccessError:
            verdict.add(Fault.CHANGED, place)
            before = None
            continue
        if entry.number != verdict.last:
            verdict.add(Fault.OUT_OF_PLACE, place)
            verdict.last = entry.number
        elif before is not None and entry.hash != digest(before, entry):
            verdict.add(Fault.CHANGED, place)
        before = verdict.last_hash = entry.hash
        if entry.number in points:
            hashes[entry.number] = entry.hash


def _compare(
    verdict: Verdict, base: Base, known: Checkpoint, hashes: Mapping[int, str], *, ends_only: bool = False
) -> None:
    if known.log != base.log:
        verdict.add(Fault.OTHER_HISTORY)
        return
    if known.last > verdict.last:
        verdict.add(Fault.SHORTENED)
    elif hashes.get(known.last) != known.last_hash:
        verdict.add(Fault.OTHER_HISTORY)
    if not ends_only and known.cut >= base.cut and hashes.get(known.cut) != known.cut_hash:
        verdict.add(Fault.BEGINNING, 1)
