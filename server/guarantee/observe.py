"""Gathers what the supervisor has observed of every relay, and has it judged for now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from server.guarantee.evidence import RelayEvidence
from server.guarantee.judge import Judgement, judge

EvidenceSource = Callable[[], Sequence[RelayEvidence]]


def observe(evidence: EvidenceSource, now: float) -> Judgement:
    """The judgement of what is observed at `now`, seconds since the epoch; configuration has no say."""
    return judge(evidence(), now)
