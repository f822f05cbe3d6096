"""A receiver is told over TLS where its certificate is trusted; where it is not, the journal says why."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from server.config import Config, ConfigError, Webhooks
from server.metadata.store import Ledger
from server.webhooks.deliveries import Deliveries
from server.webhooks.trust import Failure, trusting
from tests.unit.authority import NOW, Authority
from tests.unit.hooked import KEY, SECRET, App, app_listening
from tests.unit.ledger import Clock
from tests.unit.test_webhooks import finished, ledger_at, started, time


def ledger_in(directory: Path) -> AbstractAsyncContextManager[Ledger]:
    return ledger_at(f"sqlite:///{directory}/ledger.db", Clock())


def telling(authority: Path, *apps: App) -> Config:
    urls = tuple(app.url for app in apps)
    webhooks = Webhooks(urls=urls, api_key=KEY, certificate_authority=str(authority))
    return Config(keys={KEY: SECRET}, webhooks=webhooks)


async def test_a_certificate_of_an_own_authority_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with ledger_in(tmp_path) as ledger, app_listening(tls=authority.server("127.0.0.1")) as app:
        deliveries = await Deliveries.open(telling(authority.file, app), ledger, time)
        ledger.record(started())
        ledger.record(finished())
        await app.until(lambda: app.names() == ["room_started", "room_finished"])
        await deliveries.close()
    assert app.url.startswith("https://")


async def test_what_is_wrong_with_a_receiver_is_told_once_in_clear_words_and_it_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "Others")
    yesterday = NOW - timedelta(days=1)
    async with (
        ledger_in(tmp_path) as ledger,
        app_listening(tls=other.server("127.0.0.1")) as untrusted,
        app_listening(tls=authority.server("127.0.0.1", until=yesterday)) as expired,
        app_listening(tls=authority.server("127.0.0.2")) as elsewhere,
        app_listening() as plain,
        app_listening(tls=authority.server("127.0.0.1")) as refusing,
    ):
        plain.url = plain.url.replace("http:", "https:")
        refusing.url += "/no"
        apps = (untrusted, expired, elsewhere, plain, refusing)
        deliveries = await Deliveries.open(telling(authority.file, *apps), ledger, time)
        ledger.record(started())
        await plain.until(lambda: min(counts.retried for counts in deliveries.counts) >= 2)
        assert [app.asked for app in apps] == [0] * len(apps)
        assert {(one.delivered, one.given_up, one.waiting) for one in deliveries.counts} == {(0, 0, 1)}
        await deliveries.close()
    whys = (Failure.UNTRUSTED, Failure.EXPIRED, Failure.OTHER_NAME, Failure.NO_TLS, Failure.REFUSED)
    assert sorted(line for line in caplog.messages if "does not take" in line) == [
        f"receiver {number} of webhooks does not take what it is told: {why}"
        for number, why in enumerate(whys, start=1)
    ]
    assert "127.0.0" not in caplog.text


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file or directory"), ("no certificate", "no certificates in PEM")]
)
def test_what_cannot_be_read_refuses_to_start(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=f"webhooks.certificate_authority cannot be used: {words}"):
        trusting(str(file))


def test_what_the_system_trusts_is_trusted_besides(tmp_path: Path) -> None:
    alone, more = (trusting(file).cert_store_stats() for file in ("", str(Authority(tmp_path).file)))
    assert more["x509"] == alone["x509"] + 1
