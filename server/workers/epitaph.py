"""How the end of a relay's process is told: by its signal or status, and its last line."""

from __future__ import annotations

import re
import signal
from typing import Final

_KIND: Final = re.compile(r"[A-Za-z_.]{1,60}(?:Error|Exception)(?=:|$)")
LONGEST_COMPLAINT: Final = 200
"""Characters of a dying process that an operator is shown."""


def epitaph(code: int, stderr: bytes, *, served: bool) -> str:
    """One line. `code` is negative for a signal. Of a relay that served, an error may hold what participants
    sent: only its kind is told."""
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    complaint = _last_line(stderr.decode("utf-8", "replace"))
    if served:
        kind = _KIND.match(complaint)
        complaint = kind[0] if kind else ""
    return f"its process ended ({how})" + (f": {complaint}" if complaint else "")


def _last_line(text: str) -> str:
    """Where a traceback names the error; one line that any terminal may be shown."""
    lines = text.strip().splitlines()
    shown = "".join(one if one.isprintable() else "?" for one in lines[-1].strip()) if lines else ""
    return shown if len(shown) <= LONGEST_COMPLAINT else shown[:LONGEST_COMPLAINT] + "…"
