"""Signing in to the console: who gets a session, for how long, and what somebody without one can learn."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidKey
from pytest_aiohttp.plugin import AiohttpClient

from server.access import operators
from server.access.operators import Operators
from server.access.roles import Role
from server.config import Config, ConfigError, Console, Http
from server.console import guard
from server.console.bounds import PER_CLIENT, PER_NAME, Attempts
from server.console.place import PATH, Listener, Place, place_of
from server.console.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS, MOST_PER_OPERATOR, Sessions
from tests.unit.desk import PASSWORD, Client, Desk, desk_in, origin_of, page, post, sign_in, token_of


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


@pytest.fixture
async def client(desk: Desk, aiohttp_client: AiohttpClient) -> Client:
    return await desk.serve(aiohttp_client)


async def test_who_is_signed_in_sees_the_overview(client: Client) -> None:
    await sign_in(client)
    html = await page(client, "")
    assert "Overview" in html
    assert "grace" in html


async def test_nothing_is_there_while_nobody_is_named(desk: Desk, client: Client) -> None:
    for name in ("grace", "priya", "adam"):
        desk.operators.remove(name)
    for path in ("", "/", "/sign-in", "/live", "/assets/console.css"):
        assert (await client.get(PATH + path, allow_redirects=False)).status == 404


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(client: Client) -> None:
    answer = await client.get(f"{PATH}/guarantee", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "./sign-in?next=guarantee")
    answer = await post(
        client, "sign-in", "sign-in?next=guarantee", name="grace", password=PASSWORD, next="guarantee"
    )
    assert answer.headers["Location"] == "./reason?next=guarantee"
    answer = await post(client, "reason", reason="audit", next="guarantee")
    assert answer.headers["Location"] == "./guarantee"


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "https://evil.example", "/live", "..//evil", "javascript:alert(1)", "a\r\nb"],
)
async def test_nobody_is_sent_elsewhere(client: Client, elsewhere: str) -> None:
    answer = await post(client, "sign-in", name="grace", password=PASSWORD, next=elsewhere)
    assert answer.headers["Location"] == "./reason?next="
    answer = await post(client, "reason", reason="audit", next=elsewhere)
    assert answer.headers["Location"] == "./"


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(client: Client) -> None:
    answers = []
    for name, password in (
        ("grace", "wrong horse battery"),
        ("nobody", PASSWORD),
        ("", ""),
        ("grace", "x" * 2000),
    ):
        answer = await post(client, "sign-in", name=name, password=password)
        assert answer.status == 403
        html = await answer.text()
        answers.append(html.replace(token_of(html), ""))
    assert len(set(answers)) == 1
    assert "do not fit" in answers[0]


def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash each, with the same parameters; in a time that is measured a busy machine has a say."""
    costs: list[str] = []

    class Watched:
        @staticmethod
        def verify_phc_encoded(password: bytes, encoded: str) -> None:
            costs.append(encoded.rsplit("$", 2)[0])
            raise InvalidKey

    monkeypatch.setattr(operators, "Argon2id", Watched)
    for name in ("grace", "nobody", "", "x" * 500):
        assert desk.operators.authenticate(name, "wrong horse battery") is None
    assert costs == ["$argon2id$v=19$m=65536,t=3,p=4"] * 4


async def test_after_some_attempts_a_minute_from_an_address_nobody_gets_in(client: Client) -> None:
    for _ in range(PER_CLIENT):
        assert (await post(client, "sign-in", name="nobody", password="")).status == 403
    answer = await post(client, "sign-in", name="grace", password=PASSWORD)
    assert answer.status == 429
    assert "Wait a minute" in await answer.text()


def test_attempts_are_bounded_by_address_and_by_name() -> None:
    attempts = Attempts()
    allowed = [attempts.allows(f"10.0.0.{number // 5}", "grace", 0.0) for number in range(PER_NAME + 1)]
    assert allowed == [True] * PER_NAME + [False]
    assert attempts.allows("10.0.1.1", "adam", 0.0)
    assert attempts.allows("10.0.1.2", "grace", 61.0)
    own = Attempts()
    guesses = [own.allows("10.0.0.1", f"name-{number}", 0.0) for number in range(PER_CLIENT + 1)]
    assert guesses == [True] * PER_CLIENT + [False]


def test_no_name_or_address_is_kept_in_the_clear() -> None:
    attempts = Attempts()
    attempts.allows("10.0.0.1", "grace", 0.0)
    text = repr(attempts)
    assert "grace" not in text
    assert "10.0.0.1" not in text


async def test_a_session_ends_when_it_is_not_used_and_after_a_day_of_work(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(client)
    begun = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: begun + IDLE_SECONDS - 5)
    await page(client, "guarantee")
    monkeypatch.setattr(time, "monotonic", lambda: begun + 2 * IDLE_SECONDS)
    answer = await client.get(f"{PATH}/guarantee", allow_redirects=False)
    assert answer.headers["Location"] == "./sign-in?next=guarantee&ended=1"
    assert "signed out" in await page(client, "sign-in?ended=1")
    kept = Sessions()
    identifier = kept.begin("grace", "mark", "", 0.0)
    now = 0.0
    while now < ABSOLUTE_SECONDS:
        session = kept.find(identifier, now)
        assert session is not None
        session.used_at = now
        now += IDLE_SECONDS / 2
    assert kept.find(identifier, ABSOLUTE_SECONDS) is None


async def test_signing_out_ends_the_session_for_whoever_has_its_cookie(client: Client) -> None:
    await sign_in(client)
    (cookie,) = [one.value for one in client.session.cookie_jar if one.key == guard.COOKIE]
    assert (await post(client, "sign-out", "reason")).status == 303
    answer = await client.get(
        f"{PATH}/guarantee", headers={"Cookie": f"{guard.COOKIE}={cookie}"}, allow_redirects=False
    )
    assert answer.status == 303


def test_an_operator_has_so_many_sessions_and_the_oldest_ends() -> None:
    kept = Sessions()
    identifiers = [kept.begin("grace", "mark", "", float(number)) for number in range(MOST_PER_OPERATOR + 1)]
    other = kept.begin("adam", "mark", "", 0.0)
    assert [kept.find(one, 10.0) is not None for one in identifiers] == [False] + [True] * MOST_PER_OPERATOR
    assert kept.find(other, 10.0) is not None
    assert all(identifier not in repr(kept) and "grace" not in repr(kept) for identifier in identifiers)


@pytest.mark.parametrize("what", ["removed", "password", "role"])
async def test_who_is_no_operator_any_more_is_signed_out_at_once(
    desk: Desk, client: Client, what: str
) -> None:
    await sign_in(client)
    if what == "removed":
        desk.operators.remove("grace")
    elif what == "password":
        desk.operators.set_password("grace", PASSWORD[::-1])
    else:
        desk.operators.remove("grace")
        desk.operators.add("grace", Role.ADMIN, PASSWORD)
    assert (await client.get(f"{PATH}/guarantee", allow_redirects=False)).status == 303


async def test_the_session_after_signing_in_is_another_than_before(client: Client) -> None:
    await page(client, "sign-in")
    (before,) = [one.value for one in client.session.cookie_jar]
    await sign_in(client)
    (after,) = [one.value for one in client.session.cookie_jar]
    assert before != after


async def test_the_cookie_is_for_this_host_and_no_script(desk: Desk, aiohttp_client: AiohttpClient) -> None:
    plain = await (await desk.serve(aiohttp_client)).get(f"{PATH}/sign-in")
    cookie = plain.headers["Set-Cookie"]
    assert cookie.startswith("offrecord-console=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    behind = await desk.serve(aiohttp_client, Place(Listener.MAIN, "https://ops.example"))
    cookie = (await behind.get(f"{PATH}/sign-in")).headers["Set-Cookie"]
    assert cookie.startswith("__Host-offrecord-console=")
    assert "Secure" in cookie.split("; ")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
async def test_a_form_from_elsewhere_is_refused(client: Client, headers: dict[str, str]) -> None:
    await sign_in(client, reason=None)
    token = token_of(await page(client, "reason"))
    answer = await client.post(f"{PATH}/reason", data={"token": token, "reason": "audit"}, headers=headers)
    assert answer.status == 403
    own = {**origin_of(client), **headers}
    if "Origin" not in headers and headers:
        answer = await client.post(f"{PATH}/reason", data={"token": token, "reason": "audit"}, headers=own)
        assert answer.status == 403


@pytest.mark.parametrize("token", ["", "0" * 64, "\udcff", "ü" * 64])
async def test_a_form_without_its_token_is_refused(client: Client, token: str) -> None:
    await sign_in(client, reason=None)
    body = b"reason=audit&token=" + token.encode("utf-8", "surrogatepass")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post(f"{PATH}/reason", data=body, headers={**origin_of(client), **kind})
    assert answer.status in {400, 403}
    assert (
        (await client.get(f"{PATH}/live", allow_redirects=False)).headers["Location"].startswith("./reason")
    )


async def test_the_token_of_one_session_does_not_fit_another(
    desk: Desk, aiohttp_client: AiohttpClient
) -> None:
    app = await desk.serve(aiohttp_client)
    await sign_in(app, "grace", reason=None)
    token = token_of(await page(app, "reason"))
    app.session.cookie_jar.clear()
    await sign_in(app, "adam", reason=None)
    answer = await app.post(
        f"{PATH}/reason", data={"token": token, "reason": "audit"}, headers=origin_of(app)
    )
    assert answer.status == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"name=" + b"a" * 20_000, "application/x-www-form-urlencoded"),
        (b"%ff%fe=%zz", "application/x-www-form-urlencoded"),
        (b"name=a", "application/x-www-form-urlencoded; charset=nonsense"),
    ],
)
async def test_what_is_no_form_is_refused(client: Client, body: bytes, kind: str) -> None:
    answer = await client.post(
        f"{PATH}/sign-in", data=body, headers={**origin_of(client), "Content-Type": kind}
    )
    assert 400 <= answer.status < 500


async def test_every_answer_is_kept_by_nobody_and_runs_nothing_foreign(client: Client) -> None:
    await sign_in(client)
    for path in ("sign-in", "", "live", "guarantee", "reason", "nonsense", "assets/console.js"):
        answer = await client.get(f"{PATH}/{path}", allow_redirects=False)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] in {"no-store", "no-cache"}
        html = await answer.text()
        if "html" in answer.content_type:
            assert "<style" not in html
            assert " style=" not in html
            assert "javascript:" not in html
            assert html.count("<script") == html.count('<script type="module" src="')


async def test_names_and_passwords_are_not_in_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await post(client, "sign-in", name="grace", password="wrong horse battery")
    await sign_in(client)
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("server"))
    assert "a sign-in to the console failed" in said
    assert "signed in to the console as viewer" in said
    for secret in ("grace", PASSWORD, "wrong horse"):
        assert secret not in said


async def test_in_the_clear_it_is_for_this_machine_only(
    desk: Desk, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_is_asked_here", lambda request: False)
    assert (await (await desk.serve(aiohttp_client)).get(f"{PATH}/sign-in")).status == 403
    behind = await desk.serve(aiohttp_client, Place(Listener.MAIN, "https://ops.example"))
    assert (await behind.get(f"{PATH}/sign-in")).status == 200


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(), Place(Listener.NONE)),
        (Config(http=Http(host="127.0.0.1")), Place(Listener.MAIN)),
        (Config(http=Http(host="::1")), Place(Listener.MAIN)),
        (Config(http=Http(host="127.0.0.1", public_url="wss://meet.example")), Place(Listener.NONE)),
        (
            Config(http=Http(public_url="wss://meet.example/x/"), console=Console(public=True)),
            Place(Listener.MAIN, "https://meet.example/x"),
        ),
        (Config(console=Console(port=7890)), Place(Listener.OWN)),
        (
            Config(http=Http(tls_certificate="a", tls_key="b"), console=Console(port=7890, host="10.0.0.5")),
            Place(Listener.OWN, "", True),
        ),
        (
            Config(console=Console(port=7890, host="10.0.0.5", url="https://ops.example")),
            Place(Listener.OWN, "https://ops.example"),
        ),
    ],
)
def test_it_is_in_public_only_where_the_configuration_says_so(config: Config, expected: Place) -> None:
    assert place_of(config) == expected


def test_a_listener_that_takes_passwords_in_the_clear_is_refused() -> None:
    for host in ("10.0.0.5", ""):
        with pytest.raises(ConfigError, match=r"console\.url"):
            place_of(Config(console=Console(port=7890, host=host)))


async def test_guesses_at_once_wait_for_each_other(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 64 MiB, and none waits for ever for the threads of another."""
    busy: list[int] = []
    most: list[int] = []
    authenticate = Operators.authenticate

    def watched(self: Operators, name: str, password: str) -> Role | None:
        busy.append(1)
        most.append(len(busy))
        found = authenticate(self, name, password)
        busy.pop()
        return found

    monkeypatch.setattr(Operators, "authenticate", watched)
    token = token_of(await page(client, "sign-in"))
    form = {"token": token, "name": "grace", "password": "wrong horse battery"}
    guesses = [
        client.post(f"{PATH}/sign-in", data=form, headers=origin_of(client)) for _ in range(PER_CLIENT)
    ]
    answers = await asyncio.gather(*guesses)
    # One page at a time: what came first has made the token of the others stale.
    assert {answer.status for answer in answers} <= {403}
    assert max(most) == 1
