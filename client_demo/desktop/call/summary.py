"""What a call was, told to the person who left it, and forgotten with the application."""

from __future__ import annotations

from dataclasses import dataclass

from client_demo.desktop.durations import counted, duration_in_words


@dataclass(frozen=True, slots=True)
class Summary:
    """`others`: how many were there at any time. `reason`: why it ended, "" where it was the person's own
    choice. `participant` is the sid that the ledger names this connection by."""

    room: str
    seconds: float
    others: int
    reason: str
    code: str
    participant: str

    @property
    def title(self) -> str:
        """First line."""
        return self.reason or f"You left “{self.room}”"

    @property
    def text(self) -> str:
        """Plain words below it."""
        company = (
            f"You met {counted(self.others, 'other person', 'other people')}"
            if self.others
            else "Nobody else was there"
        )
        support = f" Support code: {self.code}." if self.reason and self.code else ""
        return (
            f"You were in “{self.room}” for {duration_in_words(self.seconds)}. {company}.{support} "
            "Your camera and microphone are closed. This application keeps nothing of the call."
        )
