"""The devices of this machine."""

from __future__ import annotations

from client_demo.desktop.media.capture import Camera, Screen
from client_demo.desktop.media.interface import Devices
from client_demo.desktop.media.sound import DeviceSound

OF_THIS_MACHINE = Devices(camera=Camera, screen=Screen, sound=DeviceSound)
