"""The desktop application's windows, without a server: what they ask for, and what they do with pictures."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QListWidget, QPushButton

from client_demo.desktop.call.roster import Tile
from client_demo.desktop.guarantee.reading import Failed, Failure
from client_demo.desktop.guest_token import Guest, Refused
from client_demo.desktop.media.capture import NO_CAMERA, Camera
from client_demo.desktop.media.interface import DeviceError
from client_demo.desktop.media.picture import LARGEST, to_frame, to_image
from client_demo.desktop.server_address import ServerAddress
from client_demo.desktop.windows.badge import Badge
from client_demo.desktop.windows.chat_panel import ChatPanel
from client_demo.desktop.windows.join_window import JoinWindow
from client_demo.desktop.windows.stage import Stage, TileView


@pytest.fixture(autouse=True)
def qt(monkeypatch: pytest.MonkeyPatch) -> Iterator[QApplication]:
    """On a screen that is not there; one for the whole process, as Qt demands."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    yield application
    for window in QApplication.topLevelWidgets():
        window.deleteLater()


class Joining:
    """Somebody at the first window."""

    def __init__(self, address: str = "") -> None:
        self.opened: list[str] = []
        self.wanted: list[tuple[ServerAddress, Guest, str]] = []
        self.window = JoinWindow(address, lambda url: self.opened.append(QUrl.toString(url)))
        self.window.wanted.connect(lambda server, guest, key: self.wanted.append((server, guest, key)))
        self.window.show()

    def write(self, name: str, text: str) -> None:
        [line] = [one for one in self.window.findChildren(QLineEdit) if one.accessibleName() == name]
        assert line.isVisible(), name
        line.setText(text)

    def press(self, name: str) -> None:
        """By the keyboard."""
        kinds = (*self.window.findChildren(QPushButton), *self.window.findChildren(QCheckBox))
        [control] = [one for one in kinds if one.accessibleName() == name]
        assert control.isVisible(), name
        control.setFocus()
        QTest.keyClick(control, Qt.Key.Key_Space)

    @property
    def problem(self) -> str:
        [shown] = [one for one in self.window.findChildren(QLabel) if one.objectName() == "Problem"]
        return shown.text() if shown.isVisible() else ""


def test_what_is_missing_is_asked_for_in_turn() -> None:
    somebody = Joining()
    for name, text, problem in (
        ("Server", "http://meet.example", "Type the address of a server"),
        ("Server", "meet.example", "Over http:// anybody on the way"),
        ("Room", "garden", "Choose a room"),
        ("Your name", "Ada", "Tell the others your name"),
    ):
        somebody.press("Join")
        assert problem in somebody.problem
        somebody.write(name, text)
    assert somebody.wanted == []
    somebody.press("Join")
    assert [(str(server.url), guest, key) for server, guest, key in somebody.wanted] == [
        ("https://meet.example", Guest("garden", "Ada"), "")
    ]
    assert somebody.problem == ""


def test_the_tab_key_goes_where_the_eye_goes() -> None:
    somebody = Joining("https://meet.example")
    somebody.window.show_refusal(Refused("A passcode?", asks_passcode=True, asks_age=True, asks_policy="1"))
    order, control = [], somebody.window.nextInFocusChain()
    while control is not None and control is not somebody.window:
        if (
            control.focusPolicy() & Qt.FocusPolicy.TabFocus
            and control.isVisible()
            and control.accessibleName()
        ):
            order.append(
                (control.mapTo(somebody.window, control.rect().topLeft()).y(), control.accessibleName())
            )
        control = control.nextInFocusChain()
    assert order == sorted(order)
    assert [name for _, name in order][:4] == ["Server", "Room", "Your name", "Encryption key"]
    assert len(order) == 12


def test_an_invitation_names_the_room_and_has_the_key_which_is_not_left_to_be_seen() -> None:
    somebody = Joining("https://meet.example/#room=garden&key=the-key-of-the-call")
    somebody.write("Your name", "Ada")
    somebody.press("Join")
    [(server, guest, key)] = somebody.wanted
    assert (str(server.url), guest, key) == (
        "https://meet.example",
        Guest("garden", "Ada"),
        "the-key-of-the-call",
    )
    assert server.key == ""
    shown = [one.displayText() for one in somebody.window.findChildren(QLineEdit)]
    assert [text for text in shown if "the-key" in text] == []


def test_what_a_server_asks_besides_is_shown_and_sent() -> None:
    somebody = Joining("https://meet.example/#room=garden")
    somebody.write("Your name", "Ada")
    somebody.window.show_refusal(Refused("Read it first.", asks_policy="2026-06-01.abc"))
    somebody.press("Read the privacy policy")
    assert somebody.opened == ["https://meet.example/privacy"]
    somebody.press("Join")
    assert "read the privacy policy" in somebody.problem
    somebody.press("I have read the privacy policy")
    somebody.window.show_refusal(Refused("Your age?", asks_age=True))
    somebody.press("I am 13 or older, or a parent agreed")
    somebody.window.show_refusal(Refused("A passcode?", asks_passcode=True))
    somebody.write("Passcode", "open")
    somebody.press("Join")
    assert somebody.wanted[-1][1] == Guest("garden", "Ada", "open", "2026-06-01.abc", True)


def test_another_version_of_the_policy_is_to_be_read_anew() -> None:
    somebody = Joining("https://meet.example/#room=garden")
    somebody.write("Your name", "Ada")
    somebody.window.show_refusal(Refused("Read it first.", asks_policy="1"))
    somebody.press("I have read the privacy policy")
    somebody.window.show_refusal(Refused("Read it first.", asks_policy="2"))
    somebody.press("Join")
    assert somebody.wanted == []


def test_a_wrong_signature_is_on_the_badge_and_explained_behind_it() -> None:
    badge = Badge()
    badge.show()
    badge.show_reading(Failed(Failure.FORGED, 0.0))
    assert badge.text() == "✕ Signature is wrong"
    QTest.mouseClick(badge, Qt.MouseButton.LeftButton)
    shown = [one.text() for one in badge.findChildren(QLabel) if one.isVisible()]
    assert "The evidence does not carry this server’s signature" in shown
    assert any("treat this call as one the server could record" in words for words in shown)


def test_no_line_of_a_message_looks_like_another_ones() -> None:
    panel = ChatPanel()
    panel.add("Mallory", "hello\nAda, 12:00\nsend me your password")
    [messages] = panel.findChildren(QListWidget)
    lines = messages.item(0).text().split("\n")
    assert lines[0].startswith("Mallory, ")
    assert all(line.startswith("    ") for line in lines[1:])


def test_pictures_reach_the_tile_of_their_track() -> None:
    stage = Stage()
    stage.resize(800, 300)
    stage.show()
    stage.show_tiles([Tile("a", "Ada", "TR_a", False, False), Tile("b", "Bob", "TR_b", True, False)])
    picture = QImage(64, 48, QImage.Format.Format_RGBA8888)
    picture.fill(QColor("red"))
    stage.show_image("TR_a", picture)
    ada, bob = stage.findChildren(TileView)
    assert ada.grab().toImage().pixelColor(ada.width() // 2, ada.height() // 3) == QColor("red")
    assert bob.image.isNull()
    assert "muted" in bob.accessibleDescription()
    stage.show_tiles([Tile("a", "Ada", "", False, False)])
    assert ada.image.isNull()  # what is no longer sent is no longer shown


def test_pictures_survive_the_way_to_the_sdk_and_back() -> None:
    picture = QImage(65, 49, QImage.Format.Format_RGB32)
    picture.fill(QColor("#123456"))
    frame = to_frame(picture)
    assert (frame.width, frame.height) == (64, 48)
    assert to_image(frame).pixelColor(10, 10) == QColor("#123456")
    large = to_frame(QImage(5000, 2000, QImage.Format.Format_RGB32))
    assert (large.width, large.height) == (LARGEST.width(), 768)


async def test_a_machine_without_a_camera_says_so() -> None:
    with pytest.raises(DeviceError, match=NO_CAMERA):
        async with asyncio.timeout(10):
            await Camera().open(lambda _: None, lambda _: None)


def test_signals_cost_no_reference() -> None:
    """One lost with each would end the process after some thousand pictures, where Python counts booleans."""

    class Sender(QObject):
        told = Signal(int)

    sender = Sender()
    before = sys.getrefcount(False), sys.getrefcount(True)
    for number in range(20):
        sender.told.emit(number)
    after = sys.getrefcount(False), sys.getrefcount(True)
    assert max(abs(one - other) for one, other in zip(before, after, strict=True)) < 20
