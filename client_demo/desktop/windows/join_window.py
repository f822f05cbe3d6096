"""The first window: which server, which room, who; and after a call, what it was."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import QFormLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from client_demo.desktop.call.receipt import Receipt, lines_of, title_of
from client_demo.desktop.call.summary import Summary
from client_demo.desktop.guest_token import Guest, Refused
from client_demo.desktop.server_address import (
    LONGEST_KEY,
    AddressError,
    ServerAddress,
    parse_address,
    tidy_key,
)
from client_demo.desktop.windows.badge import Badge
from client_demo.desktop.windows.controls import box, button, field, heading, label, rename, say

ASKS_RECEIPT = "Asking the server what it keeps about you…"
NO_RECEIPT = "The server does not say what it keeps about you right now."


class JoinWindow(QWidget):
    """`addressed`: another server was named, or none (None). `wanted`: somebody wants to join there, as that
    guest. The key of an encrypted call comes beside the guest: it is no part of what the server is told."""

    addressed = Signal(object)
    wanted = Signal(object, object, str)
    closed = Signal()

    def __init__(
        self, address: str = "", open_page: Callable[[QUrl], object] = QDesktopServices.openUrl
    ) -> None:
        super().__init__()
        self.setWindowTitle("Offrecord")
        self._open_page = open_page
        self._server: ServerAddress | None = None
        self._policy = ""
        self.badge = Badge()
        self._details = button("Show what is kept")
        self._title = label("After the call")
        heading(self._title)
        self._summary, self._kept, self._entries = label("Summary"), label("Kept"), label("Entries")
        self._address = field("Server", "meet.example", 2_000)
        self._room = field("Room", "a name that the others know", 64)
        self._name = field("Your name", "what the others see", 64)
        self._key = field("Encryption key", "where the call is encrypted end to end", LONGEST_KEY)
        self._key.setEchoMode(QLineEdit.EchoMode.Password)
        self._passcode = field("Passcode")
        self._passcode.setEchoMode(QLineEdit.EchoMode.Password)
        self._microphone, self._camera = box("Microphone on", ticked=True), box("Camera on", ticked=True)
        self._read = button("Read the privacy policy")
        self._agrees = box("I have read the privacy policy")
        self._old_enough = box("I am 13 or older, or a parent agreed")
        self._error = label("Problem")
        self._join = button("Join")
        self._join.setDefault(True)
        self._lay_out()
        self._address.editingFinished.connect(self._name_server)
        self._details.clicked.connect(self._unfold)
        self._read.clicked.connect(self._show_policy)
        self._join.clicked.connect(self._want)
        for each in (self._address, self._room, self._name, self._key, self._passcode):
            each.returnPressed.connect(self._want)
        for part in (self._title, self._summary, self._kept, self._entries, self._error):
            say(part, "")
        self._address.setText(address)
        self._name_server()

    def _lay_out(self) -> None:
        inside = QWidget()
        form = QFormLayout(inside)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for part in (self._title, self._summary, self._kept, self._details, self._entries):
            form.addRow(part)
        for each in (self._address, self._room, self._name, self._key, self._passcode):
            form.addRow(each.accessibleName(), each)
        for row in (
            self._microphone, self._camera, self._read, self._agrees, self._old_enough, self._error,
            self._join, self.badge,
        ):  # fmt: skip
            form.addRow(row)
        self._form = form
        for hidden in (self._details, self._passcode, self._read, self._agrees, self._old_enough):
            form.setRowVisible(hidden, False)
        area = QScrollArea(widgetResizable=True)
        area.setWidget(inside)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        QVBoxLayout(self).addWidget(area)
        self.resize(460, 480)

    @property
    def devices(self) -> tuple[bool, bool]:
        """Whether to begin with the microphone, and with the camera."""
        return self._microphone.isChecked(), self._camera.isChecked()

    @property
    def server(self) -> ServerAddress | None:
        """The server that is named, None while there is none."""
        return self._server

    def set_busy(self, busy: bool) -> None:
        """While the server is asked."""
        self._join.setEnabled(not busy)
        self._join.setText("Joining…" if busy else "Join")

    def show_refusal(self, refused: Refused) -> None:
        """Says why, shows what would help, and leads there."""
        say(self._error, refused.message)
        if refused.asks_policy not in {"", self._policy}:
            self._policy = refused.asks_policy
            self._agrees.setChecked(False)
        shown: list[tuple[QWidget, bool]] = [
            (self._agrees, bool(refused.asks_policy)),
            (self._read, bool(refused.asks_policy)),
            (self._old_enough, refused.asks_age),
            (self._passcode, refused.asks_passcode),
        ]
        for control, asked in shown:
            if asked:
                self._form.setRowVisible(control, True)
                control.setFocus()

    def show_end(self, summary: Summary) -> None:
        """What the call was; what is kept of it is not known yet."""
        say(self._title, summary.title)
        say(self._summary, summary.text)
        say(self._kept, ASKS_RECEIPT)
        self._list(None)

    def show_receipt(self, receipt: Receipt | None) -> None:
        """What the server keeps of the call; None if it does not say."""
        say(self._kept, title_of(receipt) if receipt else NO_RECEIPT)
        self._list(receipt)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The application ends."""
        self.closed.emit()
        super().closeEvent(event)

    def _name_server(self) -> None:
        try:
            server = parse_address(self._address.text()) if self._address.text().strip() else None
        except AddressError:
            server = None  # told when it is used: somebody may still be typing
        if server and server.room:
            self._room.setText(server.room)
            self._key.setText(server.key)
            # An address with a key in it is to be on no shared screen.
            server = ServerAddress(server.url)
            self._address.setText(str(server.url))
        if server != self._server:
            self._server = server
            self.addressed.emit(server)
        self.badge.setVisible(server is not None)

    def _show_policy(self) -> None:
        if self._server:
            self._open_page(QUrl(str(self._server / "privacy")))

    def _want(self) -> None:
        if not self._join.isEnabled():
            return
        self._name_server()
        room, name = self._room.text().strip(), self._name.text().strip()
        try:
            server = parse_address(self._address.text())
        except AddressError as error:
            self._refuse(str(error), self._address)
            return
        if not room:
            self._refuse("Choose a room: everybody who names it meets there.", self._room)
        elif not name:
            self._refuse("Tell the others your name.", self._name)
        elif self._policy and not self._agrees.isChecked():
            self._refuse("Please read the privacy policy, and tick the box.", self._agrees)
        else:
            say(self._error, "")
            guest = Guest(room, name, self._passcode.text(), self._policy, self._old_enough.isChecked())
            self.wanted.emit(server, guest, tidy_key(self._key.text()))

    def _list(self, receipt: Receipt | None) -> None:
        """Folded up at first: it is long."""
        self._entries.setText("\n".join(lines_of(receipt)) if receipt else "")
        self._entries.hide()
        self._form.setRowVisible(self._details, receipt is not None)
        rename(self._details, "Show what is kept")

    def _unfold(self) -> None:
        self._entries.setVisible(self._entries.isHidden())
        rename(self._details, "Show what is kept" if self._entries.isHidden() else "Hide what is kept")

    def _refuse(self, why: str, where: QWidget) -> None:
        say(self._error, why)
        where.setFocus()
