"""Logging that holds no address, no token and nothing a client said.

The libraries below us log what they were sent: aiohttp writes the address of a client whose request it
cannot parse, and a part of that request, which may hold an access token. Of their records only the level,
the kind of error and the place in the code are kept.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
FOREIGN = ("aiohttp", "asyncio")
_FRAMES = 3  # innermost calls that are named


class Discreet(logging.Filter):
    """Reduces a record of a library to what cannot hold anything of a client."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(FOREIGN):
            return True
        # The text before its arguments are filled in is the library's own, unless it was filled in already.
        record.msg = "a request failed" if record.levelno >= logging.WARNING else "a note"
        record.args = None
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            frames = traceback.extract_tb(trace)[-_FRAMES:]
            places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
            record.msg = f"{kind.__name__} at {' < '.join(reversed(places))}"
        record.exc_info = None
        record.exc_text = None
        record.stack_info = None
        return True


def configure_logging() -> None:
    """Short lines to the standard error stream."""
    output = logging.StreamHandler()
    output.setFormatter(logging.Formatter(FORMAT))
    output.addFilter(Discreet())
    logging.basicConfig(level=logging.INFO, handlers=[output])
