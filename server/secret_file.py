"""Secrets that stand in a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from server.errors import OperatorError

LONGEST_SECRET: Final = 4096


def read(path: str, setting: str) -> str:
    """What the file holds, without white space around it. `setting` names it to the operator.

    Raises OperatorError where it cannot be read, holds nothing or too much, or can be read by others.
    """
    try:
        file = Path(path)
        if file.stat().st_mode & 0o077:
            raise OperatorError(f"{path} ({setting}) can be read by others: `chmod 600 {path}`")
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} ({setting}) cannot be read: {type(error).__name__}") from None
    if not 0 < len(secret) <= LONGEST_SECRET:
        raise OperatorError(f"{path} ({setting}) holds no secret")
    return secret
