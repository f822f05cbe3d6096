"""What a developer would write: recorders, temporary files, logs, key-value stores. No trick, only a mistake.

All modules are loaded before the lock, so an attack fails for the lock and not for want of a module.
"""

from __future__ import annotations

import asyncio
import dbm.dumb
import fractions
import logging
import logging.handlers
import pickle
import shutil
import socket
import tempfile
import urllib.request
import wave
import zipfile
from pathlib import Path

import av
import av.subtitles.stream  # otherwise loaded by the first container that is opened
from aiortc.contrib.media import MediaRecorder
from aiortc.mediastreams import AudioStreamTrack

from server.verify.attack import Group, Scene, attack, heard, heard_by_listener, holds, looted

_RATE = 8000


def _files(scene: Scene) -> list[Path]:
    return [path for path in scene.directory.rglob("*") if path.is_file()]


def _any_file_holds(scene: Scene) -> bool:
    return any(holds(path, scene.marker) for path in _files(scene))


def _any_sound(scene: Scene) -> bool:
    """A RIFF file with more than a header."""
    return any(path.read_bytes()[:4] == b"RIFF" and path.stat().st_size > 44 for path in _files(scene))


@attack(Group.LIBRARIES, _any_sound)
def aiortc_media_recorder(scene: Scene) -> None:
    async def record() -> None:
        recorder = MediaRecorder(str(scene.directory / "loot.wav"))
        recorder.addTrack(AudioStreamTrack())
        await recorder.start()
        while not _any_sound(scene):  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.02)
        await recorder.stop()

    assert scene.loop is not None, "every disposable process has one"
    scene.loop.run_until_complete(asyncio.wait_for(record(), 5))


@attack(Group.LIBRARIES, _any_sound)
def pyav_container(scene: Scene) -> None:
    container = av.open(str(scene.directory / "loot.wav"), "w")
    stream = container.add_stream("pcm_s16le", rate=_RATE)
    frame = av.AudioFrame(format="s16", layout="mono", samples=160)
    frame.sample_rate, frame.pts, frame.time_base = _RATE, 0, fractions.Fraction(1, _RATE)
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        container.mux(packet)
    container.close()


@attack(Group.LIBRARIES, _any_sound)
def wave_file(scene: Scene) -> None:
    with wave.open(str(scene.directory / "loot.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(scene.marker * 8)


@attack(Group.LIBRARIES, _any_file_holds)
def temporary_file(scene: Scene) -> None:
    with tempfile.NamedTemporaryFile(dir=scene.directory, delete=False) as file:
        file.write(scene.marker)


@attack(Group.LIBRARIES, looted)
def write_a_path(scene: Scene) -> None:
    scene.loot.write_bytes(scene.marker)


@attack(Group.LIBRARIES, looted)
def pickle_into_a_file(scene: Scene) -> None:
    with scene.loot.open("wb") as file:
        pickle.dump(scene.marker, file)


def _old_recording(scene: Scene) -> None:
    (scene.directory / "old").write_bytes(scene.marker)


@attack(Group.LIBRARIES, looted, stage=_old_recording)
def copy_a_file(scene: Scene) -> None:
    shutil.copyfile(scene.directory / "old", scene.loot)


@attack(Group.LIBRARIES, looted)
def zip_archive(scene: Scene) -> None:
    with zipfile.ZipFile(scene.loot, "w") as archive:
        archive.writestr("media", scene.marker)


@attack(Group.LIBRARIES, _any_file_holds)
def key_value_file(scene: Scene) -> None:
    with dbm.dumb.open(str(scene.loot), "c") as store:
        store[b"media"] = scene.marker


@attack(Group.LIBRARIES, looted)
def log_into_a_file(scene: Scene) -> None:
    handler = logging.FileHandler(scene.loot)
    handler.emit(logging.makeLogRecord({"msg": scene.text}))
    handler.close()


def _log(scene: Scene) -> None:
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(scene.directory / "log"))
    (scene.directory / "log").chmod(0o666)
    scene.sockets["log"] = log


@attack(Group.LIBRARIES, lambda scene: heard(scene.sockets["log"], scene.marker), stage=_log)
def log_to_the_system(scene: Scene) -> None:
    handler = logging.handlers.SysLogHandler(str(scene.directory / "log"))
    handler.emit(logging.makeLogRecord({"msg": scene.text}))


@attack(Group.LIBRARIES, heard_by_listener)
def http_request(scene: Scene) -> None:
    host, port = scene.listener_address
    urllib.request.urlopen(f"http://{host}:{port}/{scene.text}", timeout=0.3)
