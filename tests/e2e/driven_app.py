"""The desktop application, worked by the names of its controls, as somebody with a screen reader does.

`python -m tests.e2e.driven_app ADDRESS`: in comes what to do, out what there is to see, JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from typing import Any

import numpy as np
from livekit import rtc
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)
from qasync import QEventLoop

from client_demo.desktop.app import Application
from client_demo.desktop.media.devices import OF_THIS_MACHINE
from client_demo.desktop.windows.stage import TileView
from tests.e2e.played_devices import PLAYED


class Driver:
    """Looks and acts."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._heard: dict[str, float] = {}  # sum of squared samples, by track
        self._listening: dict[str, asyncio.Task[None]] = {}

    def act(self, wanted: dict[str, Any]) -> dict[str, Any]:
        match wanted["do"]:
            case "click":
                control = self._find(wanted["name"])
                assert control.isEnabled(), wanted
                QTest.mouseClick(control, Qt.MouseButton.LeftButton)
            case "type":
                control = self._find(wanted["name"])
                assert isinstance(control, QLineEdit), wanted
                control.clear()
                QTest.keyClicks(control, wanted["text"])
            case "press":
                QTest.keyClick(self._find(wanted["name"]), Qt.Key[wanted["key"]])
            case "tab":
                tabs = self._find(wanted["name"])
                assert isinstance(tabs, QTabWidget), wanted
                tabs.setCurrentIndex(wanted["place"])
            case "resize":
                self._window().resize(wanted["width"], wanted["height"])
            case "grab":
                self._window().grab().save(wanted["path"])
            case "close":
                self._window().close()
        return self.look()

    def look(self) -> dict[str, Any]:
        """Every visible control with a name, and what it says; the last picture of each tile; sound."""
        self._listen()
        seen = {_name(control): _says(control) for control in self._controls()}
        tiles = {one.tile.title: _digest(one.image) for one in self._all(TileView)}
        return {
            "seen": seen,
            "tiles": tiles,
            "nameless": [type(one).__name__ for one in self._interactive() if not one.accessibleName()],
            "heard": sum(self._heard.values()),
        }

    def _window(self) -> QWidget:
        """The one that is in front: a dialog before its parent."""
        shown = [one for one in QApplication.topLevelWidgets() if one.isVisible()]
        assert shown, "no window is shown"
        return max(shown, key=lambda one: one.parentWidget() is not None)

    def _all(self, kind: type[Any]) -> list[Any]:
        tops = [one for one in QApplication.topLevelWidgets() if one.isVisible()]
        return [child for top in tops for child in top.findChildren(kind) if child.isVisible()]

    def _controls(self) -> list[QWidget]:
        return [one for one in self._all(QWidget) if _name(one)]

    def _interactive(self) -> list[QWidget]:
        kinds = (QAbstractButton, QLineEdit, QListWidget, QPlainTextEdit, QTabWidget)
        found = [one for kind in kinds for one in self._all(kind)]
        return [one for one in found if not one.objectName().startswith("qt_") and one.focusPolicy().value]

    def _find(self, name: str) -> QWidget:
        found = [one for one in self._controls() if _name(one) == name]
        there = sorted(_name(control) for control in self._controls())
        assert len(found) == 1, f"{len(found)} of {name!r} in {there}"
        return found[0]

    def _listen(self) -> None:
        """There are no speakers here: what the SDK decodes is what they would play."""
        window = self._application.call_window
        for person in window.call.room.remote_participants.values() if window else ():
            for publication in person.track_publications.values():
                track = publication.track
                if isinstance(track, rtc.RemoteAudioTrack) and track.sid not in self._listening:
                    self._listening[track.sid] = asyncio.create_task(self._hear(track))

    async def _hear(self, track: rtc.RemoteAudioTrack) -> None:
        stream = rtc.AudioStream(track, sample_rate=48_000, num_channels=1)
        async for event in stream:
            samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64) / 32768
            self._heard[track.sid] = self._heard.get(track.sid, 0.0) + float(np.sum(samples**2))


def _name(control: QWidget) -> str:
    """What somebody who listens calls a control, and what a text is about."""
    return control.objectName() if isinstance(control, QLabel) else control.accessibleName()


def _says(control: QObject) -> str:
    if isinstance(control, QCheckBox):
        return "ticked" if control.isChecked() else "not ticked"
    if isinstance(control, QAbstractButton | QLabel | QLineEdit):
        return control.text()
    if isinstance(control, QPlainTextEdit):
        return control.toPlainText()
    if isinstance(control, QListWidget):
        return "\n".join(control.item(row).text() for row in range(control.count()))
    if isinstance(control, QTabWidget):
        return " | ".join(control.tabText(place) for place in range(control.count()))
    return control.accessibleDescription() if isinstance(control, QWidget) else ""


def _digest(image: QImage) -> str:
    """Of the pixels; "" for none."""
    return "" if image.isNull() else hashlib.sha256(bytes(image.constBits())).hexdigest()


async def _drive(address: str, *, with_devices: bool) -> None:
    application = Application(PLAYED if with_devices else OF_THIS_MACHINE, address)
    driver = Driver(application)
    loop = asyncio.get_running_loop()

    def read() -> None:
        line = sys.stdin.readline()
        if not line:
            loop.remove_reader(sys.stdin.fileno())
            return
        try:
            answer = driver.act(json.loads(line))
        except AssertionError as error:
            answer = {"failed": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    loop.add_reader(sys.stdin.fileno(), read)
    await application.run()


def main() -> None:
    qt = QApplication(sys.argv)
    qt.setQuitOnLastWindowClosed(False)
    if "--dark" in sys.argv:
        qt.setPalette(
            QPalette(QColor("#303134"), QColor("#202124"))
        )  # a screen that is not there has no setting
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qt)) as runner:
        runner.run(_drive(sys.argv[1], with_devices="--without-devices" not in sys.argv))


if __name__ == "__main__":
    main()
