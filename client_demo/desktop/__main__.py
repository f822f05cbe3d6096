"""`python -m client_demo.desktop [ADDRESS]`: opens the application, with a server or an invitation filled
in."""

from __future__ import annotations

import asyncio
import sys

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from client_demo.desktop.app import Application
from client_demo.desktop.media.devices import OF_THIS_MACHINE
from client_demo.desktop.media.interface import Devices


async def _run(devices: Devices, address: str) -> None:
    await Application(devices, address).run()


def main(arguments: list[str]) -> None:
    """Returns when the application is closed."""
    application = QApplication(arguments)
    application.setApplicationName("Offrecord")
    application.setQuitOnLastWindowClosed(False)  # windows follow each other
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(_run(OF_THIS_MACHINE, next(iter(arguments[1:]), "")))


if __name__ == "__main__":
    main(sys.argv)
