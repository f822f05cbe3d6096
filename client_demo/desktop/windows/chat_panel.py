"""The chat: what was written, as plain text, and a place to write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QVBoxLayout, QWidget

from client_demo.desktop.call.chat import LONGEST, MOST, tidy
from client_demo.desktop.windows.controls import button, field


class ChatPanel(QWidget):
    """`sent`: somebody wants to send this."""

    sent = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._list = QListWidget()
        self._list.setAccessibleName("Messages")
        self._list.setWordWrap(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._text = field("Message", "Write to everybody", LONGEST)
        self._send = button("Send")
        line = QHBoxLayout()
        line.addWidget(self._text)
        line.addWidget(self._send)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._list)
        layout.addLayout(line)
        self._text.returnPressed.connect(self._submit)
        self._send.clicked.connect(self._submit)

    def add(self, name: str, text: str) -> None:
        """What somebody wrote. Its lines are set in, so that none looks like another one's message."""
        lines = "\n".join(f"    {line}" for line in text.split("\n"))
        self._list.addItem(f"{name}, {datetime.now().astimezone():%H:%M}\n{lines}")
        while self._list.count() > MOST:
            self._list.takeItem(0)
        self._list.scrollToBottom()

    async def submit(self, send: Callable[[str], Awaitable[bool]], text: str) -> None:
        """What could not be sent stays where it was written."""
        self._send.setEnabled(False)
        try:
            if await send(text) and tidy(self._text.text()) == text:
                self._text.clear()
        finally:
            self._send.setEnabled(True)

    def focus(self) -> None:
        """To write."""
        self._text.setFocus()

    def _submit(self) -> None:
        text = tidy(self._text.text())
        if text and self._send.isEnabled():
            self.sent.emit(text)
