"""Chat over the room's data channel, as LiveKit's own components write it: text streams of one topic. The
server hands packets on and keeps none; this application forgets them with the call."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable

LONGEST = 2_000
"""Signs in one message."""
MOST = 500
"""Messages shown. The oldest go first."""
MOST_OPEN = 8
"""Streams of one sender that may be open at once; more are not shown."""
TOPIC = "lk.chat"

_NO_TEXT = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]")


def tidy(text: str) -> str:
    """Without the signs that are no text (controls, and those that turn the direction of what follows), with
    at most one empty line in a row, trimmed and cut."""
    plain = re.sub(r"\r\n?", "\n", text[: LONGEST * 2])
    return cut(re.sub(r"\n{3,}", "\n\n", _NO_TEXT.sub("", plain)).strip(), LONGEST)


def cut(text: str, most: int) -> str:
    """At most `most` signs; what was cut off leaves an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


async def read_bounded(chunks: AsyncIterable[str], most: int) -> str:
    """The first signs of a stream, one more than `most` where it is longer. The rest is taken in and dropped:
    a stream that nobody reads would pile up in the library."""
    text = ""
    async for chunk in chunks:
        if len(text) <= most:
            text += chunk[: most + 1 - len(text)]
    return text
