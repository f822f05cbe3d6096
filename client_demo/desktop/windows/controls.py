"""Controls as this application has them: each with a name for those who listen to it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QWidget


def label(name: str, words: str = "") -> QLabel:
    """Plain text, wrapped, that can be marked. `name` is what it is about; who listens hears the words."""
    made = QLabel(words)
    made.setObjectName(name)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def say(shown: QLabel, words: str) -> None:
    """Shows words, or nothing at all; tells them to who listens when they are others than before."""
    if words and words != shown.text():
        announce(shown, words)
    shown.setText(words)
    shown.setVisible(bool(words))


def announce(about: QWidget, words: str) -> None:
    """Tells them to who listens, wherever the focus is."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(about, words))


def field(name: str, hint: str = "", most: int = 200) -> QLineEdit:
    """One line to write in."""
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    made.setMaxLength(most)
    return made


def button(name: str, keys: str = "") -> QPushButton:
    """`keys` do the same from anywhere in the window."""
    made = QPushButton(name)
    made.setAccessibleName(name)
    if keys:
        made.setShortcut(keys)
        made.setToolTip(f"{name} ({keys})")
    return made


def box(name: str, *, ticked: bool = False) -> QCheckBox:
    """Something to tick."""
    made = QCheckBox(name)
    made.setAccessibleName(name)
    made.setChecked(ticked)
    return made


def rename(control: QPushButton, name: str) -> None:
    """For a button that does the opposite the next time. Its keys stay."""
    if control.text() == name:
        return
    keys = control.shortcut()
    control.setText(name)
    control.setShortcut(keys)  # Qt takes them away with the text
    control.setAccessibleName(name)
    control.setToolTip(f"{name} ({keys.toString()})")


def heading(shown: QWidget) -> None:
    """Larger and bold."""
    font = shown.font()
    font.setPointSizeF(font.pointSizeF() * 1.3)
    font.setBold(True)
    shown.setFont(font)
