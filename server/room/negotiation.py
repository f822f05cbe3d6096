"""When to offer: one outstanding offer per peer connection, and everything else coalesces.

The server's offers count from 1. An answer carries the id of its offer, or 0 from SDKs that do not send it.
"""

from __future__ import annotations

DEBOUNCE_SECONDS = 0.02  # tracks that appear together share an offer; not felt in the time to a first frame
ANSWER_SECONDS = 15.0  # the reference server's limit, after which the client reconnects fully


class Negotiation:
    """The timing of offers to one client."""

    def __init__(self) -> None:
        self._offer_id = 0
        self._due: float | None = None
        self._deadline: float | None = None  # set while an offer is outstanding
        self._again = False

    def want(self, now: float) -> None:
        """Something to negotiate has changed."""
        if self._deadline is not None:
            self._again = True
        elif self._due is None:
            self._due = now + DEBOUNCE_SECONDS

    def want_at_once(self, now: float) -> None:
        """The same without waiting for company."""
        self.want(now)
        if self._due is not None:
            self._due = now

    def is_due(self, now: float) -> bool:
        """Whether an offer must be sent now."""
        return self._due is not None and now >= self._due

    def offered(self, now: float) -> int:
        """An offer is being sent. Returns its id."""
        self._offer_id += 1
        self._due = None
        self._again = False
        self._deadline = now + ANSWER_SECONDS
        return self._offer_id

    def answered(self, answer_id: int) -> bool:
        """An answer has come. False: it answers nothing outstanding and must be ignored."""
        if self._deadline is None or answer_id not in {0, self._offer_id}:
            return False
        self._deadline = None
        return True

    def begin_anew(self) -> None:
        """Offers and answers may have been lost: what is outstanding will not be answered."""
        self._due = self._deadline = None
        self._again = False

    def settle(self, now: float) -> None:
        """The answer has been worked in; what had to wait may be offered."""
        if self._again:
            self._again = False
            self.want(now)

    def forget(self) -> None:
        """There is nothing to negotiate any more."""
        self._due = None
        self._again = False

    def has_failed(self, now: float) -> bool:
        """Whether the client has left an offer unanswered for too long."""
        return self._deadline is not None and now >= self._deadline

    def next_timeout(self) -> float | None:
        """When `is_due` or `has_failed` can change."""
        return self._due if self._deadline is None else self._deadline
