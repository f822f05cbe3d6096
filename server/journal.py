"""Logging that holds no name, no address, no token and nothing a client said, by construction.

A line of ours is a constant text with values of few types filled in: numbers, words of closed lists, kinds
of errors, identifiers that the server drew itself, and errors whose messages are for operators. A value of
any other type, a plain text above all, is withheld and counted: who logs a name by mistake logs `[withheld]`.

The libraries below us log what they were sent: aiohttp writes the address of a client whose request it
cannot parse, and a part of that request, which may hold an access token. Of their records, and of every
exception, only the level, the kind of error and the place in the code are kept.
"""

from __future__ import annotations

import logging
import re
import traceback
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from server.errors import ClientError, OffrecordError

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
OURS: Final = ("server", "offrecord")
WITHHELD: Final = "[withheld]"
_FRAMES: Final = 3  # innermost calls that are named
_SID = re.compile(r"(PA|TR|RM)_[0-9A-Za-z]{1,32}")  # drawn by `server.ids`


class Discreet(logging.Filter):
    """Reduces each record to what cannot hold anything of a client. `withheld` counts values left out."""

    def __init__(self) -> None:
        super().__init__()
        self.withheld = 0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.split(".")[0] in OURS:
            self._reduce_values(record)
        else:
            # Its text is the library's own, unless somebody filled it in already.
            record.msg = "a request failed" if record.levelno >= logging.WARNING else "a note"
            record.args = None
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            record.msg = _place(kind, trace)
            record.args = None
        record.exc_info = None
        record.exc_text = None
        record.stack_info = None
        return True

    def _reduce_values(self, record: logging.LogRecord) -> None:
        if not isinstance(record.msg, str):
            record.msg, record.args = WITHHELD, None
            self.withheld += 1
        elif isinstance(record.args, tuple):
            record.args = tuple(self._reduced(value) for value in record.args)
        elif record.args and "%(" not in record.msg:
            record.args = (self._reduced(record.args),)  # logging takes a lone mapping for values by name
        elif record.args:
            record.args = {name: self._reduced(value) for name, value in record.args.items()}

    def _reduced(self, value: object) -> object:
        if isinstance(value, type):
            return value.__name__
        if isinstance(value, IntEnum):
            return value.name.lower()
        if value is None or isinstance(value, bool | int | float | StrEnum):
            return value
        if isinstance(value, OffrecordError) and not isinstance(value, ClientError):
            return value  # its message is for operators, in the server's own words
        if isinstance(value, str) and _SID.fullmatch(value):
            return value
        self.withheld += 1
        return WITHHELD


def _place(kind: type[BaseException], trace: TracebackType | None) -> str:
    """An error without its message, and the innermost calls it came through."""
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    return f"{kind.__name__} at {' < '.join(reversed(places))}"


class JsonLines(logging.Formatter):
    """A line of JSON for each record: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `text`, the
    constant text of the message, to count or find lines of one kind."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "text": record.msg,
        }
        return msgspec.json.encode(line).decode()


class Journal:
    """The server's output. `withheld` counts values that were left out of it."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._discreet = Discreet()
        self.handler = logging.StreamHandler()
        self.handler.setFormatter(JsonLines() if as_json else logging.Formatter(FORMAT))
        self.handler.addFilter(self._discreet)

    @property
    def withheld(self) -> int:
        return self._discreet.withheld

    def open(self) -> None:
        """From now on, lines go to the standard error stream."""
        logging.basicConfig(level=logging.INFO, handlers=[self.handler])
