"""`GET /api/receipt`: everything the ledger holds about the person who asks, to nobody else, signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from server.api.receipt import RECEIPT_TYPE, ReceiptRoutes
from server.api.rights import RightsRoutes
from server.api.subject import TOKEN_TYPE, SubjectTokens
from server.auth.grants import Claims, VideoGrants
from server.auth.token import sign
from server.clock import Clock
from server.config import Config
from server.guarantee import jws
from server.guarantee.sign import Signer
from server.metadata.event import declarations
from server.metadata.retention import DAY, Retention
from server.metadata.rows.sessions import ParticipantActive, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished
from server.metadata.store import Ledger
from server.metadata.subject import MAX_ROWS, Subjects
from server.metadata.words import LeaveReason, TrackKind, TrackSource
from server.network.origin import Origins
from tests.unit.ledger import START, Kept, joined
from tests.unit.ledger import Clock as Time
from tests.unit.signaling import ClientMaker

SECRET = "s" * 32
KEYS = {"key": SECRET}
DAYS = 30


class Desk:
    """The route over a real ledger in a file, with a clock that is moved by hand."""

    def __init__(self, time: Time, ledger: Ledger, subjects: Subjects, signer: Signer) -> None:
        self.time = time
        self.ledger = ledger
        self.signer = signer
        clock = Clock()
        clock.now = time  # type: ignore[method-assign]
        self.application = web.Application()
        origins = Origins(Config())
        tokens = SubjectTokens(KEYS, signer, DAYS * DAY)
        self.application.add_routes(ReceiptRoutes(subjects, tokens, signer, clock, origins).routes())
        self.application.add_routes(RightsRoutes(ledger.requests, tokens, signer, clock, origins).routes())

    def token(
        self,
        identity: str = "ada",
        room: str = "garden",
        *,
        life: float = 3600,
        secret: str = SECRET,
        **more: Any,
    ) -> str:
        grants = VideoGrants(**{"room": room, "room_join": True, **more})
        claims = Claims(identity, grants=grants, expires_at=self.time.now + life)
        return sign(claims, "key", secret, self.time.now)


@pytest.fixture
async def desk(url: str) -> AsyncIterator[Desk]:
    time = Time()
    ledger = await Ledger.open(url, Retention(session_days=DAYS, addresses="pseudonym"), clock=time)
    subjects = Subjects(ledger, url, time)
    yield Desk(time, ledger, subjects, Signer.generate())
    await subjects.aclose()
    await ledger.close()


async def ask(client: Any, token: str, path: str = "/api/receipt") -> tuple[int, dict[str, Any]]:
    answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status, await answer.json()


async def test_it_has_every_row_about_the_person_and_nothing_about_others(
    desk: Desk, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    token = desk.token()
    mine = joined()
    desk.ledger.record(mine)
    desk.ledger.record(joined(2, "bob"))
    desk.ledger.record(joined(3, "ada", "another room"))
    desk.time.now += 2
    desk.ledger.record(ParticipantActive(**_who(mine), join_milliseconds=1500))
    camera = TrackPublished(
        **_who(mine), track="TR_00000001", kind=TrackKind.VIDEO, source=TrackSource.CAMERA
    )
    desk.ledger.record(camera)
    desk.time.now += 60
    desk.ledger.record(ParticipantLeft(**_who(mine), reason=LeaveReason.CLIENT_LEFT, milliseconds=62_000))
    status, answer = await ask(client, token)
    assert status == 200
    receipt = answer["receipt"]
    assert (receipt["room"], receipt["identity"], receipt["complete"]) == ("garden", "ada", True)
    assert [entry["event"] for entry in receipt["kept"]] == [
        "participant_joined",
        "participant_active",
        "track_published",
        "participant_left",
    ]
    assert {entry["fields"]["participant"] for entry in receipt["kept"]} == {mine.participant}
    assert receipt["kept"][1]["fields"]["join_milliseconds"] == 1500
    assert receipt["kept"][0]["at"] == "2023-11-14T22:13:20Z"
    assert receipt["kept"][0]["deleted_at"] == "2023-12-14T22:13:20Z"
    assert receipt["valid_until"] == receipt["kept"][-1]["deleted_at"] == "2023-12-14T22:14:22Z"


async def test_every_field_that_is_kept_is_told_with_its_purpose(
    desk: Desk, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined())
    _, answer = await ask(client, desk.token())
    declared = declarations(type(joined()))
    told = {**answer["receipt"]["kept"][0]["fields"], "room": "garden", "identity": "ada"}
    assert set(told) == set(declared)
    assert answer["receipt"]["purposes"] == {name: one.purpose.value for name, one in declared.items()}


async def test_it_is_signed_and_a_changed_one_is_noticed(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined())
    _, answer = await ask(client, desk.token())
    claims = jws.decode(answer["jws"], desk.signer.jwks(), typ=RECEIPT_TYPE)
    assert (claims.pop("iat"), claims.pop("exp")) == (int(START), int(START + DAYS * DAY))
    assert claims == answer["receipt"]
    other = Signer.generate().sign(answer["receipt"], typ=RECEIPT_TYPE)
    with pytest.raises(jws.SignatureError):
        jws.decode(other, desk.signer.jwks(), typ=RECEIPT_TYPE)


async def test_its_own_token_asks_again_after_the_join_token_has_expired(
    desk: Desk, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    token = desk.token(life=60)
    desk.ledger.record(joined())
    _, first = await ask(client, token)
    desk.time.now += 3600
    status, refusal = await ask(client, token)
    assert (status, refusal["error"]) == (401, "The access token has expired.")
    status, second = await ask(client, first["token"])
    assert status == 200
    assert second["receipt"]["kept"] == first["receipt"]["kept"]
    desk.time.now = START + DAYS * DAY + 120
    status, refusal = await ask(client, first["token"])
    assert status == 401
    assert "expired" in refusal["error"]


async def test_what_has_expired_is_no_longer_there(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined())
    desk.time.now += DAYS * DAY + 1
    _, answer = await ask(client, desk.token())
    assert answer["receipt"]["kept"] == []
    assert answer["receipt"]["valid_until"] is None
    assert "nothing" in answer["receipt"]["says"]


async def test_who_has_no_token_for_it_gets_nothing(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined())
    good = (await ask(client, desk.token()))[1]
    refused = [
        "",
        "x" * 8000,
        "a.b.c",
        desk.token(room_join=False),
        sign(
            Claims("ada", grants=VideoGrants(room="garden", room_join=True), expires_at=2e9),
            "key",
            "t" * 32,
            START,
        ),
        good["jws"],  # a receipt is no key to another one
        Signer.generate().sign({"room": "garden", "identity": "ada", "exp": 2_000_000_000}, typ=TOKEN_TYPE),
        good["token"][:-4] + "AAAA",
    ]
    for token in refused:
        status, answer = await ask(client, token)
        assert status == 401, token
        assert (set(answer), answer["code"]) == ({"error", "code"}, "token")
        assert "garden" not in answer["error"]
    assert (await client.get("/api/receipt")).status == 401


async def test_pages_of_other_origins_may_ask(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    answer = await client.options("/api/receipt", headers={"Origin": "https://app.example"})
    assert answer.status == 204
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].split(", ")
    answer = await client.get("/api/receipt", headers={"Authorization": f"Bearer {desk.token()}"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_more_than_fits_is_told(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    for number in range(MAX_ROWS + 1):
        desk.ledger.record(joined(number))
    await desk.ledger.flush()  # so many rows may take longer than a receipt waits for them
    _, answer = await ask(client, desk.token())
    assert len(answer["receipt"]["kept"]) == MAX_ROWS
    assert answer["receipt"]["complete"] is False
    assert "operator" in answer["receipt"]["says"]
    assert jws.decode(answer["jws"], desk.signer.jwks(), typ=RECEIPT_TYPE)["complete"] is False


async def test_a_ledger_that_cannot_be_read_is_told_and_none_is_made_up(
    desk: Desk, aiohttp_client: ClientMaker, kept: Kept
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined())
    await desk.ledger.flush()
    kept.lose()
    status, answer = await ask(client, desk.token())
    assert status == 503
    assert (set(answer), answer["code"]) == ({"error", "code"}, "ledger_away")


async def test_one_address_asks_only_so_often(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    token = desk.token()
    statuses = [(await ask(client, token))[0] for _ in range(61)]
    assert statuses == [200] * 60 + [429]


def _who(event: Any) -> dict[str, Any]:
    return {"room": event.room, "identity": event.identity, "participant": event.participant}
