"""The application: which window is shown, and what happens between them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from client_demo.desktop.call.call import Call, JoinError
from client_demo.desktop.call.receipt import ask_for_receipt
from client_demo.desktop.call.summary import Summary
from client_demo.desktop.fetching import new_session
from client_demo.desktop.guarantee.asking import Asker, watch
from client_demo.desktop.guest_token import Guest, Refused, ask_for_token
from client_demo.desktop.media.interface import Devices
from client_demo.desktop.server_address import AddressError, ServerAddress
from client_demo.desktop.windows.badge import Badge
from client_demo.desktop.windows.call_window import CallWindow
from client_demo.desktop.windows.join_window import JoinWindow


class Application:
    """To be made within a running event loop. It keeps nothing: neither settings nor a cache, no file at
    all."""

    def __init__(self, devices: Devices, address: str = "") -> None:
        self._devices = devices
        self._session = new_session()
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._server: ServerAddress | None = None
        self._token = ""
        self.call_window: CallWindow | None = None
        self.join_window = JoinWindow(address)
        self.join_window.addressed.connect(self._address)
        self.join_window.wanted.connect(lambda *wanted: self._do(self._join(*wanted)))
        self.join_window.closed.connect(self._over.set)
        self._address(self.join_window.server)

    async def run(self) -> None:
        """Until the first window is closed."""
        self.join_window.show()
        try:
            await self._over.wait()
        finally:
            tasks = [*self._tasks, *([self._watching] if self._watching else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._session.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _address(self, server: ServerAddress | None) -> None:
        self._watch(server, "", self.join_window.badge)

    def _watch(self, server: ServerAddress | None, token: str, badge: Badge) -> None:
        """From now on this is what is asked about."""
        if self._watching is not None:
            self._watching.cancel()
        badge.show_reading(None)
        self._watching = None
        if server is not None:
            asker = Asker(self._session, server, token)
            self._watching = asyncio.ensure_future(watch(asker, badge.show_reading))

    async def _join(self, server: ServerAddress, guest: Guest, key: str) -> None:
        window = self.join_window
        window.set_busy(True)
        try:
            answer = await ask_for_token(self._session, server, guest)
            if isinstance(answer, Refused):
                window.show_refusal(answer)
                return
            url = server.signaling(answer.url)
            call = Call(self._devices, key)
            await call.join(url, answer.token)
        except (AddressError, JoinError) as error:
            window.show_refusal(Refused(str(error)))
            return
        finally:
            window.set_busy(False)
        self._server, self._token = server, answer.token
        self._begin(call)

    def _begin(self, call: Call) -> None:
        self.call_window = CallWindow(call)
        call.ended.connect(self._end)
        self._watch(self._server, self._token, self.call_window.badge)
        self.call_window.show()
        self.join_window.hide()
        microphone, camera = self.join_window.devices
        if microphone:
            call.do(call.voice.switch(True))
        if camera:
            call.do(call.camera.switch(True))

    def _end(self, summary: Summary) -> None:
        if self.call_window is None or self._server is None:
            return
        self.join_window.show_end(summary)
        self.join_window.show()
        self.call_window.close()
        self.call_window.deleteLater()
        self.call_window = None
        self._address(self._server)
        self._do(self._ask_what_is_kept(self._server, self._token, summary.participant))
        self._token = ""

    async def _ask_what_is_kept(self, server: ServerAddress, token: str, participant: str) -> None:
        self.join_window.show_receipt(await ask_for_receipt(self._session, server, token, participant))
