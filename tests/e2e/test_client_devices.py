"""Camera and microphone before the call and in it: the mirror, the choice, and help where there is none."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.browser import FAKE_DEVICES, chromium, eventually, join
from tests.e2e.client_page import INSECURE, SECURE, PlayedServer, open_context, open_page
from tests.e2e.serving import Server

FRAMES = "(video) => video.getVideoPlaybackQuality().totalVideoFrames"
SENT_CAMERA = """
() => window.peersOfThisPage.flatMap((peer) => peer.getSenders())
  .find((sender) => sender.track?.kind === 'video')?.track.getSettings().deviceId
"""
LEVEL = "(bar) => Number(bar.style.getPropertyValue('--level'))"


# A phone's camera at the back, which no fake device is.
LOOKING_AWAY = """
const settings = MediaStreamTrack.prototype.getSettings;
MediaStreamTrack.prototype.getSettings = function () {
  return { ...settings.call(this), facingMode: 'environment' };
};
"""
# A browser without a screen keeps none on.
REMEMBER_LOCK = """
navigator.wakeLock.request = async () => {
  const lock = { released: false, release: async () => void (lock.released = true) };
  return (window.lockOfThisPage = lock);
};
"""


def refusing(error: str) -> str:
    """A script that makes the browser answer as it does where it has no device to give."""
    return f"""
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{error}'));
    """


async def test_the_preview_plays_and_stops(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer())
    video = page.get_by_test_id("preview-video")
    await expect(video).to_be_visible()
    await eventually(lambda: video.evaluate(FRAMES), lambda frames: frames > 3)
    level = page.locator("[data-part=level]")
    await eventually(lambda: level.evaluate(LEVEL), lambda shown: shown > 0.1)
    camera = page.get_by_test_id("camera-button")
    await camera.click()
    await expect(video).to_be_hidden()
    await expect(camera).to_have_text("Start video")
    await camera.click()
    await expect(video).to_be_visible()


async def test_a_camera_that_looks_away_is_no_mirror(shared_browser: Browser) -> None:
    front = await open_page(shared_browser, PlayedServer())
    await expect(front.get_by_test_id("preview-video")).to_have_attribute("data-mirrored", "true")
    context = await open_context(shared_browser, PlayedServer())
    await context.add_init_script(LOOKING_AWAY)
    back = await context.new_page()
    await back.goto(SECURE)
    await expect(back.get_by_test_id("preview-video")).to_have_attribute("data-mirrored", "false")


async def test_devices_can_be_chosen(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer())
    await expect(page.get_by_test_id("preview-video")).to_be_visible()
    chosen = page.locator("[data-part=choose-microphone]")
    names = chosen.locator("option")
    await eventually(names.count, lambda count: count > 1)
    wanted = await names.last.get_attribute("value")
    assert wanted
    await chosen.select_option(wanted)
    await expect(page.get_by_test_id("mic-button")).to_have_text("Mute")
    await expect(chosen).to_have_value(wanted)


async def test_a_device_in_use_is_explained(shared_browser: Browser) -> None:
    context = await open_context(shared_browser, PlayedServer())
    await context.add_init_script(refusing("NotReadableError"))
    page = await context.new_page()
    await page.goto(SECURE)
    await expect(page.locator("[data-part=mic-help]")).to_contain_text("another program may be using it")
    await expect(page.get_by_test_id("join-button")).to_be_enabled()


async def test_a_call_without_devices_goes_on(shared_server: Server, shared_browser: Browser) -> None:
    page = (
        await join(
            shared_browser, shared_server.url, "Ada", "bare", REMEMBER_LOCK + refusing("NotFoundError")
        )
    ).page
    help_, close = page.locator("[data-part=mic-help]"), page.get_by_test_id("mic-help-close")
    await expect(help_).to_contain_text("No camera and microphone found")
    await close.click()
    await expect(help_).to_be_hidden()
    await expect(page.get_by_test_id("mic-button")).to_be_focused()
    await page.get_by_test_id("mic-button").click()
    await expect(help_).to_contain_text("No camera and microphone found")
    await expect(page.get_by_test_id("status")).to_have_text("You are the only one here")
    # The screen of a phone stays on for as long as the call.
    assert await page.evaluate("window.lockOfThisPage.released") is False
    await page.get_by_test_id("leave-button").click()
    await eventually(lambda: page.evaluate("window.lockOfThisPage.released"), bool)


async def test_who_was_denied_joins_without_and_goes_on_once_allowed(shared_server: Server) -> None:
    """The browser's own answer: it asks nobody where there is no screen, and denies."""
    async with chromium(media=[FAKE_DEVICES]) as browser:
        page = await browser.new_page()
        await page.goto(f"{shared_server.url}/#room=denied")
        help_, microphone = page.locator("[data-part=mic-help]"), page.get_by_test_id("mic-button")
        await expect(help_).to_contain_text("has not allowed this page to use your camera and microphone")
        await page.get_by_test_id("join-name").fill("Ada")
        await page.get_by_test_id("join-button").click()
        await page.get_by_test_id("leave-button").wait_for()
        await expect(help_).to_contain_text("has not allowed this page")
        await expect(microphone).to_have_text("Unmute")

        await page.context.grant_permissions(["camera", "microphone"])
        await microphone.click()
        await expect(microphone).to_have_text("Mute")
        await expect(help_).to_be_hidden()
        await page.get_by_test_id("camera-button").click()
        await expect(page.get_by_test_id("tile-video")).to_be_visible()


async def test_a_machine_without_devices_is_told_so_and_joins(shared_server: Server) -> None:
    async with chromium(media=[]) as browser:
        page = await browser.new_page(permissions=["camera", "microphone"])
        await page.goto(f"{shared_server.url}/#room=deviceless")
        help_ = page.locator("[data-part=mic-help]")
        await expect(help_).to_contain_text("No camera and microphone found")
        await expect(page.locator("[data-part=choose-camera]")).to_contain_text("None found yet")
        await page.get_by_test_id("join-name").fill("Ada")
        await page.get_by_test_id("join-button").click()
        await expect(page.get_by_test_id("status")).to_have_text("You are the only one here")
        await expect(help_).to_contain_text("No camera and microphone found")


async def test_plain_http_is_explained(shared_browser: Browser) -> None:
    page = await open_page(shared_browser, PlayedServer(), INSECURE)
    await expect(page.locator("[data-part=mic-help]")).to_contain_text("plain HTTP")
    await expect(page.locator("[data-part=camera-help]")).to_be_hidden()
    await expect(page.get_by_test_id("join-button")).to_be_enabled()


async def test_another_camera_is_used_at_once(shared_server: Server, shared_browser: Browser) -> None:
    """In the middle of a call, without a pause for the others."""
    ada = await join(shared_browser, shared_server.url, "Ada", "cameras")
    alan = await join(shared_browser, shared_server.url, "Alan", "cameras")
    await alan.sees(1)
    await ada.page.get_by_test_id("devices-button").click()
    choice = ada.page.locator("dialog [data-part=choose-camera]")
    before = await choice.input_value()
    wanted = await choice.locator("option").last.get_attribute("value")
    assert wanted
    assert wanted != before
    await choice.select_option(wanted)
    await eventually(lambda: ada.page.evaluate(SENT_CAMERA), lambda device: device == wanted)
    await expect(choice).to_have_value(wanted)
    await alan.sees(1)


# The sound that is played is remembered, and its loudness measured.
REMEMBER_PLAYED = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (this instanceof HTMLAudioElement) {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    context.createMediaStreamSource(this.srcObject).connect(analyser);
    const samples = new Float32Array(2048);
    window.loudest = 0;
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      window.loudest = Math.max(window.loudest, ...samples);
    }, 20);
  }
  return play.call(this);
};
"""


async def test_the_speaker_is_tried_before_the_call(shared_browser: Browser) -> None:
    context = await open_context(shared_browser, PlayedServer())
    await context.add_init_script(REMEMBER_PLAYED)
    page = await context.new_page()
    await page.goto(SECURE)
    await page.get_by_test_id("test-speaker").click()
    words = page.get_by_test_id("test-speaker-words")
    await expect(words).to_contain_text("Playing")
    await eventually(lambda: page.evaluate("window.loudest"), lambda loudest: loudest > 0.05)
    await expect(words).to_contain_text("Heard nothing? Choose another speaker")
    assert await page.evaluate("window.violationsOfThisPage") == []
