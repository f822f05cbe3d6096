"""`[webhooks]` that could not be sent, would be ignored, or would go in the clear refuses to start."""

from __future__ import annotations

import pytest

from server.config import ConfigError, parse
from server.webhooks.settings import check

KEYS = '[keys]\nbackend = "a secret of the tests, which has 32 bytes"\n[webhooks]\n'
HOOK = 'urls = ["https://app.example/hook?token=hidden"]\n'
KEY = 'api_key = "backend"\n'


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (HOOK, "api_key is not"),
        (HOOK + 'api_key = "other"', "names no key"),
        (KEY, "api_key is set but webhooks.urls is empty"),
        ("request_seconds = 5", "request_seconds is set but"),
        ('certificate_authority = "ca.pem"', "certificate_authority is set but webhooks.urls"),
        (
            KEY + 'urls = ["http://127.0.0.1/hook"]\ncertificate_authority = "ca.pem"',
            "certificate_authority is set but no entry",
        ),
        ("give_up_minutes = 5", "give_up_minutes is set but"),
        (KEY + 'urls = ["http://app.example/hook"]', "entry 1 of webhooks.urls"),
        (KEY + 'urls = ["http://93.184.216.34/hook"]', "entry 1 of webhooks.urls"),
        (KEY + 'urls = ["https://app.example/a", "ftp://app.example/b"]', "entry 2 of webhooks.urls"),
        (KEY + 'urls = ["https://user:word@app.example/hook"]', "without a user"),
        (KEY + 'urls = ["https:///hook"]', "entry 1"),
        (KEY + 'urls = ["https://app.example:x/hook"]', "entry 1"),
        (KEY + 'urls = ["https://app.example/a", "https://app.example/a"]', "twice"),
    ],
)
def test_what_could_not_work_is_refused(settings: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refused:
        check(parse(KEYS + settings))
    assert "hidden" not in str(refused.value)
    assert "user:word" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/hook?token=hidden",
        "http://localhost:8080/hook",
        "http://127.0.0.1:8080/hook",
        "http://[::1]:8080/hook",
        "http://10.0.0.7/hook",
    ],
)
def test_what_can_work_is_accepted(url: str) -> None:
    config = parse(f'{KEYS}{KEY}urls = ["{url}"]')
    check(config)
    assert "hidden" not in repr(config.webhooks) + repr(config)


def test_nobody_is_told_unless_it_is_set() -> None:
    check(parse(""))
