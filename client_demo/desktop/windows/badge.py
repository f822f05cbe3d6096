"""The badge that says what the server guarantees, and the window that it opens: plain words first, evidence
below."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from client_demo.desktop.guarantee.reading import Reading, Tone, age_of, evidence_of, view_of
from client_demo.desktop.windows.controls import announce, button, heading, label

# White on these is read well, whatever the system's palette is: contrast above 7 to 1.
_GROUNDS = {Tone.CALM: "#14532d", Tone.WARNING: "#713f12", Tone.ALARM: "#7f1d1d"}
_SIGNS = {Tone.WAITING: "…", Tone.CALM: "✓", Tone.WARNING: "!", Tone.ALARM: "✕"}


class Badge(QPushButton):
    """Shows the last reading; its words change with time, too."""

    def __init__(self) -> None:
        super().__init__()
        self._reading: Reading = None
        self._evidence = EvidenceWindow(self)
        self.clicked.connect(self._evidence.show)
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._draw)
        self._second.start()
        self._draw()

    def show_reading(self, reading: Reading) -> None:
        """None while the first question is on its way."""
        self._reading = reading
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        words = view_of(self._reading, now)
        ground = _GROUNDS.get(words.tone)
        look = ""
        if ground:
            look = f"background-color: {ground}; color: white; padding: 4px 10px; border: 2px solid {ground};"
            look = f"Badge {{ {look} }} Badge:focus {{ border-color: white; }}"
        if look != self.styleSheet():
            self.setStyleSheet(look)
        self.setText(f"{_SIGNS[words.tone]} {words.label}")
        if words.title != self.accessibleDescription():
            announce(self, words.title)
        self.setAccessibleName("What this server guarantees")
        self.setAccessibleDescription(words.title)
        self.setToolTip(words.title)
        self._evidence.draw(self._reading, now)


class EvidenceWindow(QDialog):
    """What the badge means, and what it is based on. Escape closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("What this server guarantees")
        self.resize(520, 480)
        self._title = label("Guarantee")
        heading(self._title)
        self._meaning = label("Meaning")
        self._age = label("Last asked")
        self._evidence = QPlainTextEdit(readOnly=True)
        self._evidence.setAccessibleName("Evidence")
        self._evidence.setTabChangesFocus(True)
        close = button("Close")
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        for part in (self._title, self._meaning, self._age):
            layout.addWidget(part)
        layout.addWidget(self._evidence, 1)
        layout.addWidget(close)

    def draw(self, reading: Reading, now: float) -> None:
        """What a reader marked or scrolled to stays while the evidence does not change."""
        words = view_of(reading, now)
        self._title.setText(words.title)
        self._meaning.setText(words.meaning)
        self._age.setText(age_of(reading, now))  # every second, and told to nobody who listens
        sections = (
            f"{head}\n" + "\n".join(f"  • {line}" for line in lines) for head, lines in evidence_of(reading)
        )
        text = "\n\n".join(sections)
        self._evidence.setVisible(bool(text))
        if text != self._evidence.toPlainText():
            place = self._evidence.verticalScrollBar().value()
            self._evidence.setPlainText(text)
            self._evidence.verticalScrollBar().setValue(place)
