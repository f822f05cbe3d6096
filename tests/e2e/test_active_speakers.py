"""Who speaks is seen by everybody: a desktop app that makes a sound now and then."""

from __future__ import annotations

from livekit import rtc
from playwright.async_api import Browser

from tests.e2e.browser import eventually, join
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import Server

LOUD, SILENT = 12_000, 0


def _follow(listener: Desktop) -> list[list[str]]:
    """Identities that speak, as often as that changes."""
    seen: list[list[str]] = []

    @listener.room.on("active_speakers_changed")
    def _(speakers: list[rtc.Participant]) -> None:
        seen.append([speaker.identity for speaker in speakers])

    return seen


async def test_bursts_of_sound_are_an_active_speaker_to_others(shared_server: Server) -> None:
    async with (
        desktop(shared_server.ws_url, shared_server.token("bursts", "desk")) as desk,
        desktop(shared_server.ws_url, shared_server.token("bursts", "lap")) as lap,
    ):
        seen_by_lap, seen_by_desk = _follow(lap), _follow(desk)

        async def last() -> tuple[list[str], list[str]]:
            return (seen_by_lap or [[]])[-1], (seen_by_desk or [[]])[-1]

        desk.loudness = SILENT
        await desk.publish()

        async def subscribed() -> bool:
            return "desk" in lap.energy

        await eventually(subscribed, lambda done: done)
        for _ in range(2):
            desk.loudness = LOUD
            await eventually(last, lambda seen: seen == (["desk"], ["desk"]))
            desk.loudness = SILENT
            await eventually(last, lambda seen: seen == ([], []))
        assert not any(len(speakers) > 1 for speakers in seen_by_lap)


async def test_muting_ends_a_voice(shared_server: Server) -> None:
    async with (
        desktop(shared_server.ws_url, shared_server.token("muting", "desk")) as desk,
        desktop(shared_server.ws_url, shared_server.token("muting", "lap")) as lap,
    ):
        seen = _follow(lap)

        async def last() -> list[str]:
            return (seen or [[]])[-1]

        await desk.publish()
        await eventually(last, lambda speakers: speakers == ["desk"])
        for publication in desk.room.local_participant.track_publications.values():
            if publication.kind == rtc.TrackKind.KIND_AUDIO:
                assert isinstance(publication.track, rtc.LocalAudioTrack)
                publication.track.mute()
        await eventually(last, lambda speakers: speakers == [])


async def test_a_page_rings_who_speaks(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "ringed")
    async with desktop(shared_server.ws_url, shared_server.token("ringed", "desk")) as desk:
        desk.loudness = SILENT
        await desk.publish()
        tile = ada.page.locator('[data-testid="tile"][data-identity="desk"]')

        async def ringed() -> str | None:
            return await tile.get_attribute("data-speaking")

        await eventually(ringed, lambda speaking: speaking == "false")
        desk.loudness = LOUD
        await eventually(ringed, lambda speaking: speaking == "true")
        desk.loudness = SILENT
        await eventually(ringed, lambda speaking: speaking == "false")
