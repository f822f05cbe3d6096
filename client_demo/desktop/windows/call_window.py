"""The window of a call: the stage, the people and the chat beside it, and what can be switched below."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from client_demo.desktop.call import words
from client_demo.desktop.call.call import Call
from client_demo.desktop.call.roster import tiles_of
from client_demo.desktop.durations import counted
from client_demo.desktop.windows.badge import Badge
from client_demo.desktop.windows.chat_panel import ChatPanel
from client_demo.desktop.windows.controls import announce, button, heading, label, rename, say
from client_demo.desktop.windows.people_list import PeopleList
from client_demo.desktop.windows.stage import Stage

NARROW = 640
"""Below that the side takes the place of the stage."""
MOST_PROBLEMS = 3


class CallWindow(QWidget):
    """Lives for one call."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call
        self._is_narrow = False
        self._problems: list[str] = []
        self.setWindowTitle(f"{call.room.name} — Offrecord")
        self.badge = Badge()
        self._room = label("Room", call.room.name)
        heading(self._room)
        self._state, self._problem = label("State"), label("Problem")
        self._code = label("Support code", f"Support code: {call.code}")
        self._code.setVisible(bool(call.code))
        self._stage, self._people, self._chat = Stage(), PeopleList(), ChatPanel()
        self._mute, self._camera = button("Unmute", "Ctrl+M"), button("Start video", "Ctrl+E")
        self._share, self._side = (
            button("Share screen", "Ctrl+Shift+S"),
            button("Hide people and chat", "Ctrl+P"),
        )
        self._leave = button("Leave", "Ctrl+Q")
        self._tabs = QTabWidget()
        self._tabs.setAccessibleName("People and chat")
        self._lay_out()
        self._connect()
        for part in (self._state, self._problem):
            say(part, "")
        self.draw()

    def _lay_out(self) -> None:
        self._tabs.addTab(self._people, "People")
        self._tabs.addTab(self._chat, "Chat")
        self._tabs.setMaximumWidth(340)
        self._tabs.setMinimumWidth(220)
        self._top, self._buttons = QGridLayout(), QGridLayout()
        middle = QHBoxLayout()
        middle.addWidget(self._stage, 1)
        middle.addWidget(self._tabs)
        layout = QVBoxLayout(self)
        layout.addLayout(self._top)
        for part in (self._state, self._problem):
            layout.addWidget(part)
        layout.addLayout(middle, 1)
        layout.addLayout(self._buttons)
        layout.addWidget(self._code)
        self._arrange()
        self.setMinimumSize(320, 420)  # less than what is shown in a wide one
        self.resize(960, 640)

    def _connect(self) -> None:
        call = self.call
        call.changed.connect(self.draw)
        call.picture.connect(self._stage.show_image)
        call.written.connect(self._chat.add)
        call.written.connect(self._tell_written)
        call.problem.connect(self._tell_problem)
        self._chat.sent.connect(lambda text: call.do(self._chat.submit(call.write, text)))
        self._mute.clicked.connect(lambda: self._switch(call.voice.switch(not call.voice.is_on)))
        self._camera.clicked.connect(lambda: self._switch(call.camera.switch(not call.camera.is_on)))
        self._share.clicked.connect(lambda: self._switch(call.screen.switch(not call.screen.is_on)))
        self._side.clicked.connect(self._toggle_side)
        self._leave.clicked.connect(self.close)
        self._tabs.currentChanged.connect(self._show_tab)

    def draw(self) -> None:
        """All but the pictures, which come by themselves."""
        call = self.call
        people = call.people
        self._people.show_people(people)
        self._tabs.setTabText(0, f"People ({len(people)})")
        self._stage.show_tiles(tiles_of(people))
        rename(self._mute, "Mute" if call.voice.is_on else "Unmute")
        rename(self._camera, "Stop video" if call.camera.is_on else "Start video")
        rename(self._share, "Stop sharing" if call.screen.is_on else "Share screen")
        state = f"{counted(len(people), 'person', 'people')} in the call."
        if len(people) == 1:
            state = "You are the only one here."
        state = f"{state} {call.encryption}".strip()
        if call.is_waiting:
            state = words.WAITING
        say(self._state, words.INTERRUPTED if call.interrupted else state)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leaves, however the window is closed; it goes away once the call has ended."""
        if self.call.is_over:
            super().closeEvent(event)
            return
        event.ignore()
        self._leave.setEnabled(False)
        self.call.leave_soon()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Between narrow and wide, things are arranged anew."""
        super().resizeEvent(event)
        if (self.width() < NARROW) != self._is_narrow:
            self._is_narrow = not self._is_narrow
            self._tabs.setVisible(not self._is_narrow)
            self._arrange()

    def _arrange(self) -> None:
        self._top.addWidget(self._room, 0, 0)
        self._top.addWidget(self.badge, *((1, 0) if self._is_narrow else (0, 1)))
        self._top.setColumnStretch(0, 1)
        shown: tuple[QPushButton, ...] = (self._mute, self._camera, self._share, self._side, self._leave)
        columns = 2 if self._is_narrow else len(shown)
        for place, each in enumerate(shown):
            self._buttons.addWidget(each, *divmod(place, columns))
        self._tabs.setMaximumWidth(16_777_215 if self._is_narrow else 340)
        self._show_side()

    def _toggle_side(self) -> None:
        self._tabs.setVisible(self._tabs.isHidden())
        self._show_side()

    def _show_side(self) -> None:
        hidden = self._tabs.isHidden()
        rename(self._side, "Show people and chat" if hidden else "Hide people and chat")
        self._stage.setVisible(hidden or not self._is_narrow)

    def _show_tab(self, place: int) -> None:
        if place == 1:
            self._tabs.setTabText(1, "Chat")
            self._chat.focus()

    def _tell_written(self, name: str, text: str) -> None:
        announce(self._chat, f"{name}: {text}")
        if name != "You" and (self._tabs.isHidden() or self._tabs.currentIndex() != 1):
            self._tabs.setTabText(1, "Chat (new)")

    def _switch(self, work: Coroutine[Any, Any, None]) -> None:
        self._problems.clear()
        say(self._problem, "")
        self.call.do(work)

    def _tell_problem(self, why: str) -> None:
        """Several may come at once, from devices that are not there."""
        if why not in self._problems:
            self._problems = [*self._problems, why][-MOST_PROBLEMS:]
        say(self._problem, " ".join(self._problems))
