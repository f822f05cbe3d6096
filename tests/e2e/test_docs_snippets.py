"""What the documentation shows to developers of apps does what it says, as it stands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from livekit import rtc
from playwright.async_api import Browser

from tests.e2e.browser import eventually
from tests.e2e.data_users import SDK_FOR_BROWSERS
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.encrypted import encrypted_user
from tests.e2e.go_sdk import needs_go
from tests.e2e.sdk_page import WATCH, enter
from tests.e2e.serving import ROOT, Server
from tests.e2e.snippets import aimed, snippets, written

APPS = "docs/apps.md"
ENCRYPTION = "docs/encryption.md"
ROOM = "garden"
KEY = "LlJ2bHbSk3l0YzQ0bqQm1A"
NODE_MODULES = ROOT / "tests" / "e2e" / "node_sdk" / "node_modules"
GO_MODULE = ROOT / "tests" / "e2e" / "go_sdk"
# A page in which `import … from 'livekit-client'` is the SDK that is in it already, and `token` is given.
RUN_IN_PAGE = """
async ([code, token]) => {
  window.said = [];
  document.body.replaceChildren();  // what is appended is to be in view: adaptive streams play nothing else
  console.log = (...words) => window.said.push(words);
  const plain = code.replace(/^import (.*) from 'livekit-client';$/m, 'const $1 = LivekitClient;');
  await new (async () => {}).constructor('token', plain + '; window.room = globalThis.room ?? null;')(token);
}
"""


@contextlib.asynccontextmanager
async def running(
    *command: str | Path, directory: Path = ROOT, **environment: str
) -> AsyncIterator[list[str]]:
    """The lines it has printed so far; it is interrupted at the end if it has not ended."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=PIPE,
        cwd=directory,
        env={**os.environ, **environment},
        process_group=0,
    )
    lines: list[str] = []

    async def read() -> None:
        assert process.stdout
        async for line in process.stdout:
            lines.append(line.decode().rstrip())

    reading = asyncio.create_task(read())
    try:
        yield lines
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await reading


async def _output(*command: str | Path, directory: Path = ROOT, **environment: str) -> str:
    """Of a program that ends by itself, and well."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=PIPE, cwd=directory, env={**os.environ, **environment}
    )
    try:
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode().strip()


def _in_node(code: str, directory: Path, name: str) -> Path:
    """Beside the packages that it imports."""
    (directory / "node_modules").symlink_to(NODE_MODULES)
    return written(code, directory / name)


@pytest.mark.parametrize("language", ["py", "mjs"])
async def test_a_token_is_one_to_join_with(shared_server: Server, tmp_path: Path, language: str) -> None:
    name = f"tokens.{language}"
    code = snippets(APPS)[name]
    if language == "py":
        token = await _output(sys.executable, written(code, tmp_path / name))
    else:
        token = await _output("node", _in_node(code, tmp_path, name))
    async with desktop(shared_server.ws_url, token) as desk:
        assert (desk.room.name, desk.room.local_participant.identity) == (ROOM, "desk")
        assert desk.room.local_participant.name == "Desk"


async def _is_seen(lines: list[str], lap: Desktop) -> None:
    await lap.publish()

    async def said() -> list[str]:
        return sorted(lines)

    await eventually(said, lambda now: [line.split()[0] for line in now] == ["lap", "lap"], 40)


async def test_a_desktop_app_in_python_joins(shared_server: Server, tmp_path: Path) -> None:
    program = written(aimed(snippets(APPS)["join.py"], shared_server), tmp_path / "join.py")
    token = shared_server.token(ROOM, "desk")
    async with (
        desktop(shared_server.ws_url, shared_server.token(ROOM, "lap")) as lap,
        running(sys.executable, program, TOKEN=token) as lines,
    ):
        await _is_seen(lines, lap)


@needs_go
async def test_an_app_in_go_joins(shared_server: Server, tmp_path: Path) -> None:
    program = written(aimed(snippets(APPS)["join.go"], shared_server), tmp_path / "join.go")
    assert await _output("gofmt", "-l", program) == ""
    executable = tmp_path / "join"
    await _output("go", "build", "-o", executable, program, directory=GO_MODULE)
    token = shared_server.token(ROOM, "desk")
    async with (
        desktop(shared_server.ws_url, shared_server.token(ROOM, "lap")) as lap,
        running(executable, TOKEN=token) as lines,
    ):

        async def said() -> set[str]:
            return set(lines)

        await lap.publish()
        await eventually(said, lambda now: {"lap CAMERA", "lap MICROPHONE"} <= now, 40)


@pytest.mark.parametrize("page", ["README.md", APPS])
async def test_a_page_joins_and_sees_and_is_seen(
    shared_server: Server, shared_browser: Browser, page: str
) -> None:
    async with desktop(shared_server.ws_url, shared_server.token(ROOM, "lap")) as lap:
        await lap.publish()
        joining = await enter(shared_browser, shared_server, ROOM, "unused", "() => {}")
        token = shared_server.token(ROOM, "page")
        await joining.evaluate(RUN_IN_PAGE, [aimed(snippets(page)["join.js"], shared_server), token])
        await joining.wait_for_function(
            "[...document.querySelectorAll('video')].some((one) => one.videoWidth)"
        )

        async def seen() -> tuple[bool, bool]:
            return lap.frames.get("page", 0) > 5, "page" in lap.energy

        await eventually(seen, all, 40)
        await joining.context.close()


async def test_who_receives_is_told_to_a_page(shared_server: Server, shared_browser: Browser) -> None:
    watcher = await enter(shared_browser, shared_server, ROOM, "watcher", WATCH)
    async with desktop(shared_server.ws_url, shared_server.token(ROOM, "desk")) as desk:
        await desk.publish()
        await watcher.wait_for_function("window.frames > 0")
        code, token = aimed(snippets(APPS)["receivers.js"], shared_server), shared_server.token(ROOM, "desk")

        async def said() -> list[list[object]]:
            await watcher.evaluate(RUN_IN_PAGE, [code, token])
            return sorted(await watcher.evaluate("window.said"))

        await eventually(said, lambda now: now == [["camera", ["watcher"]], ["microphone", ["watcher"]]])
    await watcher.context.close()


@pytest.mark.parametrize("language", ["py", "mjs"])
async def test_the_statement_is_checked(shared_server: Server, tmp_path: Path, language: str) -> None:
    name = f"statement.{language}"
    code = aimed(snippets(APPS)[name], shared_server)
    if language == "py":
        program: tuple[str | Path, ...] = (sys.executable, written(code, tmp_path / name))
    else:
        program = ("node", _in_node(code, tmp_path, name))
    assert (await _output(*program)).split()[0] in {"full", "reduced"}

    # The same nonce for every question is somebody's old answer for this one.
    replayed = code.replace("payload.nonce !== nonce", "payload.nonce !== 'mine'").replace(
        'told["nonce"] != nonce', 'told["nonce"] != "mine"'
    )
    assert replayed != code
    written(replayed, tmp_path / name)
    with pytest.raises(AssertionError, match="not an answer"):
        await _output(*program)


async def test_the_receipt_lists_what_was_kept(shared_server: Server, tmp_path: Path) -> None:
    token = shared_server.token(ROOM, "desk")
    async with desktop(shared_server.ws_url, token):
        pass
    program = written(aimed(snippets(APPS)["receipt.py"], shared_server), tmp_path / "receipt.py")

    async def kept() -> str:
        return await _output(sys.executable, program, TOKEN=token)

    await eventually(kept, lambda now: "participant_joined" in now and "participant_left" in now)


async def test_a_page_and_a_desktop_app_with_one_key_are_in_an_encrypted_call(
    shared_server: Server, shared_browser: Browser, tmp_path: Path
) -> None:
    """The worker is made of the file of the SDK, as a bundler would do."""
    code = snippets(ENCRYPTION)
    (made,) = [line for line in code["encrypted.js"].splitlines() if "new Worker(" in line]
    worker = json.dumps(SDK_FOR_BROWSERS.with_name("livekit-client.e2ee.worker.js").read_text("utf-8"))
    blob = f"const worker = new Worker(URL.createObjectURL(new Blob([{worker}])));"
    script = code["encrypted.js"].replace(made, blob)
    page = await enter(shared_browser, shared_server, "other", "unused", "() => {}")
    token = shared_server.token(ROOM, "page")
    await page.evaluate(RUN_IN_PAGE, [f"const key = {KEY!r};\n" + aimed(script, shared_server), token])
    program = written(aimed(code["encrypted.py"], shared_server), tmp_path / "encrypted.py")
    desk, other = shared_server.token(ROOM, "desk"), shared_server.token(ROOM, "other")
    async with (
        running(sys.executable, program, TOKEN=other, KEY="another key") as blind,
        running(sys.executable, program, TOKEN=desk, KEY=KEY) as lines,
    ):

        async def said() -> list[str]:
            return lines

        await eventually(said, lambda now: sum("page is seen" in line for line in now) > 20, 40)
        assert blind == []
    async with encrypted_user(shared_server, shared_server.token(ROOM, "lap"), b"another key") as lap:
        await lap.publish(rtc.VideoCodec.VP8)
        await page.wait_for_function(
            "window.said.some(([who, what]) => who === 'lap' && what === 'InvalidKey')"
        )
    await page.context.close()


def test_every_snippet_of_the_page_is_run() -> None:
    """By the tests above: whoever adds one adds a test."""
    assert sorted(snippets(APPS)) == [
        "join.go",
        "join.js",
        "join.py",
        "receipt.py",
        "receivers.js",
        "statement.mjs",
        "statement.py",
        "tokens.mjs",
        "tokens.py",
    ]
    assert sorted(snippets(ENCRYPTION)) == ["encrypted.js", "encrypted.py"]
    for page in (APPS, ENCRYPTION):
        text = (ROOT / page).read_text("utf-8")
        assert sum(text.count(f"\n```{language}\n") for language in ("go", "js", "python")) == len(
            snippets(page)
        )
