"""Requests to every route, with personal data in every part that a client writes; and whole sessions."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import jwt
from aiohttp import ClientWebSocketResponse, WSMsgType
from google.protobuf import json_format
from livekit.protocol.rtc import SignalRequest, SignalResponse, WrappedJoinRequest
from yarl import URL

from tests.personal import Personals
from tests.thrown_api import api_requests
from tests.thrown_signals import data_packet, every_member, join_request, realistic

HEADERS = (
    "User-Agent", "X-Forwarded-For", "Forwarded", "X-Real-IP", "Cookie", "Referer", "Origin", "From",
    "Accept", "Accept-Language", "If-None-Match", "X-Request-ID", "X-Support-Code",
    "Sec-WebSocket-Protocol", "Via",
)  # fmt: skip
QUERY = (
    "access_token", "sdk", "version", "protocol", "os", "os_version", "device_model", "browser",
    "browser_version", "network", "client_protocol", "capabilities", "auto_subscribe", "reconnect", "sid",
    "publish", "attributes", "join_request", "nonce", "format", "room", "name",
)  # fmt: skip
JOIN_QUERY = tuple(name for name in QUERY if name not in {"access_token", "reconnect", "join_request"})
Body = Callable[[Personals, str], bytes]


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def _guest(personals: Personals, place: str) -> bytes:
    names = ("room", "name", "passcode", "note")
    return _json(old_enough=True, **{name: personals.at(f"{place}, {name}").text for name in names})


def _correction(personals: Personals, place: str) -> bytes:
    """A name that somebody chooses to be kept is kept; nothing else of the body is."""
    return _json(name="Ada", note=personals.at(f"{place}, note").text)


def _api(personals: Personals, place: str) -> bytes:
    """Of a method that there is not; `_administer` throws at those that there are."""
    names = ("name", "identity", "metadata", "data", "topic")
    return _json(room="hall", **{name: personals.at(f"{place}, {name}").text for name in names})


def _nothing(personals: Personals, place: str) -> bytes:
    return _json(reason=personals.at(f"{place}, reason").text)


def _somebody(personals: Personals, place: str) -> bytes:
    return _json(identity=personals.at(f"{place}, identity").text)


def _rules(personals: Personals, place: str) -> bytes:
    return _json(screen_share=personals.at(f"{place}, screen_share").text)


# What is sent to routes that take something; a route that is in neither list fails a test.
BODIES: dict[tuple[str, str], Body] = {
    ("POST", "/api/guest-token"): _guest,
    ("PATCH", "/api/receipt"): _correction,
    ("DELETE", "/api/receipt"): _nothing,
    ("POST", "/api/receipt/objection"): _nothing,
    ("POST", "/twirp/{service}/{method}"): _api,
    ("PATCH", "/api/moderation"): _rules,
    ("POST", "/api/moderation/admit"): _somebody,
    ("POST", "/api/moderation/refuse"): _somebody,
    ("POST", "/api/moderation/ban"): _somebody,
    ("POST", "/api/moderation/unban"): _somebody,
}


FORMS: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "/console/sign-in"): ("name", "password", "next", "zone"),
    ("POST", "/console/reason"): ("reason", "next"),
    ("POST", "/console/sign-out"): ("next",),
    ("POST", "/console/person/export"): ("identity", "because"),
    ("POST", "/console/person/correct"): ("identity", "because", "to"),
    ("POST", "/console/person/object"): ("identity", "because"),
    ("POST", "/console/person/erase"): ("identity", "because", "confirm", "child"),
    ("POST", "/console/person/refuse"): ("identity", "because", "right", "code"),
}
TAKING = BODIES.keys() | FORMS.keys()


class Thrower:
    """Throws at the server at `url` what `personals` draws. `key` and `secret` sign tokens that hold;
    `when_published` is called while a session has announced its tracks; `operator` has a password."""

    def __init__(
        self,
        url: str,
        personals: Personals,
        key: str,
        secret: str,
        *,
        when_published: Callable[[], None] = lambda: None,
        operator: tuple[str, str] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.personals = personals
        self.members: set[str] = set()
        self.methods: set[str] = set()  # of the server API, that were asked and did something
        self._key = key
        self._secret = secret
        self._when_published = when_published
        self._operator = operator

    def token(self, identity: str, room: str, place: str, **changes: Any) -> str:
        """Room and identity are the issuer's to choose, and kept; everything else it says is not.

        Where `sub` is empty, `jti` is the identity, as LiveKit has it.
        """
        at = self.personals.at
        claims = {
            "iss": self._key,
            "sub": identity,
            "nbf": 0,
            "exp": 32_503_680_000,
            "jti": at(f"{place}: jti").text,
            "name": at(f"{place}: name").text,
            "metadata": at(f"{place}: metadata").text,
            "attributes": {at(f"{place}: attribute's key").text: at(f"{place}: attribute").text},
            "sha256": at(f"{place}: sha256").text,
            "video": {
                "room": room,
                "roomJoin": True,
                "canUpdateOwnMetadata": True,
                "note": at(f"{place}: grant").text,
            },
            "roomConfig": {
                "metadata": at(f"{place}: metadata of the room").text,
                "tags": {"note": at(f"{place}: tag").text},
            },
            "note": at(f"{place}: unknown claim").text,
            **changes,
        }
        header = {"kid": at(f"{place}: kid").text}
        return jwt.encode(claims, self._secret, algorithm="HS256", headers=header)

    async def throw(self, routes: Iterable[tuple[str, str]]) -> None:
        """At `routes` (method and pattern), in sessions that talk, and what is no HTTP at all."""
        routes = list(routes)
        if self._operator is not None:
            await self._look(routes, *self._operator)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            for method, pattern in routes:
                await self._ask(http, method, pattern)
            await self._refused(http)
            await self._talk(http)
            await self._talk_in_json(http)
            await self._join_at_once(http)
            await self._administer(http)
            await self._moderate(http)
        await self._no_http()

    def _headers(self, place: str) -> dict[str, str]:
        return {name: self.personals.at(f"{place}, {name}").header for name in HEADERS}

    def _query(self, place: str, names: Iterable[str]) -> dict[str, str]:
        at = self.personals.at
        query = {name: at(f"{place}, query {name}").text for name in names}
        return {**query, at(f"{place}, name in the query").text: "1"}

    def _url(self, place: str, pattern: str) -> URL:
        """Every part of the pattern, and the query, with something personal in it."""

        def value(found: re.Match[str]) -> str:
            return quote(self.personals.at(f"{place}, {found[1]} in the path").text, safe="")

        path = re.sub(r"\{(\w+)[^}]*\}", value, re.sub(r"\{slashes[^}]*\}", "", pattern))
        return URL(self.url + path, encoded=True).update_query(self._query(place, QUERY))

    async def _ask(self, http: aiohttp.ClientSession, method: str, pattern: str) -> None:
        """Without a token, with a bad one, and with one that holds."""
        place = f"{method} {pattern}"
        tokens = (
            "",
            f"Bearer {self.personals.at(f'{place}, token').header}",
            f"Bearer {self.token('ada', 'hall', place)}",
            f"Basic {self.personals.at(f'{place}, password').header}",
        )
        for authorization in tokens:
            headers = self._headers(place) | ({"Authorization": authorization} if authorization else {})
            body = BODIES.get((method, pattern))
            raw = self.personals.at(f"{place}, raw body").raw
            for content in (body(self.personals, place), raw) if body else (raw,):
                data = content if method != "GET" else None
                await _read(http.request(method, self._url(place, pattern), headers=headers, data=data))

    async def _look(self, routes: list[tuple[str, str]], name: str, password: str) -> None:
        """As an operator at the console: a wrong sign-in, a right one, every page and every form."""
        jar = aiohttp.CookieJar(unsafe=True)  # which takes cookies of an address too
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            await self._post(http, "/console/sign-in")
            await self._post(http, "/console/sign-in", name=name, password=password)
            await self._post(http, "/console/reason", reason="subject_request")
            pages = [pattern for method, pattern in routes if method == "GET" and "/console" in pattern]
            for pattern in pages:
                place = f"signed in, GET {pattern}"
                await _read(http.get(self._url(place, pattern), headers=self._headers(place)))
            for method, pattern in FORMS:
                if (method, pattern) in routes and not pattern.endswith(("sign-in", "sign-out")):
                    asked = {"because": "own_request"} if "/person/" in pattern else {}
                    await self._post(http, pattern, **asked)
            await self._post(http, "/console/sign-out")

    async def _post(self, http: aiohttp.ClientSession, pattern: str, **fields: str) -> None:
        """A form as a page of the console sends it; what is not given is personal."""
        form = {name: self.personals.at(f"{pattern}, {name}").text for name in FORMS[("POST", pattern)]}
        shown = "/console/sign-in" if pattern.endswith("sign-in") else "/console/reason"
        page = await _read(http.get(self.url + shown))
        token = re.search(r'name="token" value="(\w+)"', page)
        assert token is not None, "the console shows no form"
        headers = {**self._headers(pattern), "Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        headers.pop("Cookie")
        await _read(
            http.post(self.url + pattern, data={**form, **fields, "token": token[1]}, headers=headers)
        )

    async def _refused(self, http: aiohttp.ClientSession) -> None:
        """Connections that are not let in, each with everything that a client says of itself."""
        place = "a refused join"
        tokens = (
            self.personals.at(f"{place}, rubbish").text,
            self.token("ada", "hall", f"{place}, expired", exp=1_000_000_000),
            self.token(
                "ada",
                "hall",
                f"{place}, recorder",
                video={"room": "hall", "roomJoin": True, "recorder": True},
            ),
            self.token("", "hall", f"{place}, nobody", jti=""),
            self.token("ada", "hall", f"{place}, unknown key", iss=self.personals.at(f"{place}, iss").text),
            self.token("ada", "hall", place) + self.personals.at(f"{place}, signature").header,
        )
        for token in tokens:
            for path in ("/rtc", "/rtc/validate"):
                query = {**self._query(place, JOIN_QUERY), "access_token": token}
                with suppress(aiohttp.ClientError, ValueError):
                    await http.ws_connect(self.url + path, params=query, headers=self._handshake(place))

    def _handshake(self, place: str) -> dict[str, str]:
        return {name: value for name, value in self._headers(place).items() if not name.startswith("Sec-")}

    async def _join(
        self, http: aiohttp.ClientSession, place: str, names: Iterable[str] = JOIN_QUERY
    ) -> ClientWebSocketResponse:
        query = {**self._query(place, names), "access_token": self.token("ada", "hall", place)}
        query |= {"protocol": "17", "auto_subscribe": "1"}
        socket = await http.ws_connect(self.url + "/rtc", params=query, headers=self._handshake(place))
        async with asyncio.timeout(10):
            await socket.receive_bytes()
        return socket

    async def _join_at_once(self, http: aiohttp.ClientSession) -> None:
        """A session that says all it can in the request by which it joins."""
        place = "a join at once"
        request = join_request(self.personals).SerializeToString()
        wrapped = WrappedJoinRequest(join_request=request).SerializeToString()
        query = {
            "access_token": self.token("ada", "hall", place),
            "join_request": base64.urlsafe_b64encode(wrapped).decode(),
        }
        socket = await http.ws_connect(self.url + "/rtc/v1", params=query, headers=self._handshake(place))
        async with asyncio.timeout(10):
            answered = ""
            while answered != "answer":
                response = SignalResponse.FromString(await socket.receive_bytes())
                answered = str(response.WhichOneof("message"))
        await socket.close()

    async def _talk(self, http: aiohttp.ClientSession) -> None:
        """A session that is let in and says all it can; then one for each member of SignalRequest."""
        socket = await self._join(http, "a join")
        for name, request in realistic(self.personals):
            self.members.add(name)
            await socket.send_bytes(request.SerializeToString())
        await _heard(socket)
        self._when_published()
        await _heard(socket)
        for name, request in every_member(self.personals):
            self.members.add(name)
            if socket.closed:
                socket = await self._join(http, f"a join before {name}")
            await _said(socket, request.SerializeToString())
        for raw in (data_packet(self.personals), self.personals.at("no signal at all").raw):
            if socket.closed:
                socket = await self._join(http, "a join before rubbish")
            await _said(socket, raw)
        await socket.close(message=self.personals.at("reason of a close frame").raw[:100])

    async def _talk_in_json(self, http: aiohttp.ClientSession) -> None:
        """The same in text frames, in JSON as older SDKs write it; and a text that is none."""
        socket = await self._join(http, "a join in JSON")
        texts = [json_format.MessageToJson(request) for _, request in every_member(self.personals)]
        for text in (*texts, self.personals.at("no JSON").text):
            if socket.closed:
                socket = await self._join(http, "a join in JSON")
            await _said(socket, text)
        await socket.close()

    async def _administer(self, http: aiohttp.ClientSession) -> None:
        """Every method of the server API, about somebody who is there, in both forms."""
        names = [name for name in JOIN_QUERY if name != "publish"]  # which makes it somebody else
        socket = await self._join(http, "a join that is administered", names)
        grants = {"room": "hall", "roomAdmin": True, "roomCreate": True, "roomList": True}
        for name, request in api_requests(self.personals, "hall", "ada"):
            place = f"API: {name}"
            token = self.token("", "hall", place, video=grants)
            url = f"{self.url}/twirp/livekit.RoomService/{name}"
            as_json = json_format.MessageToJson(request).encode()
            for kind, data in (("json", as_json), ("protobuf", request.SerializeToString())):
                if socket.closed:
                    socket = await self._join(http, f"a join before {name}", names)
                headers = {**self._headers(place), "Authorization": f"Bearer {token}"}
                headers["Content-Type"] = f"application/{kind}"
                async with http.post(url, data=data, headers=headers) as answer:
                    await answer.read()
                    if answer.status == 200:
                        self.methods.add(name)
                await _heard(socket)
        await socket.close()

    async def _moderate(self, http: aiohttp.ClientSession) -> None:
        """The door of a room in which somebody is. Who is banned and not there, the room alone knows."""
        socket = await self._join(http, "a join that is moderated")
        moderator = {"room": "hall", "roomJoin": True, "roomAdmin": True}
        for (method, pattern), body in BODIES.items():
            if pattern.startswith("/api/moderation"):
                token = self.token("mona", "hall", f"{method} {pattern}, moderator", video=moderator)
                headers = {**self._headers(f"{pattern}, moderator"), "Authorization": f"Bearer {token}"}
                data = body(self.personals, f"{pattern}, moderator")
                await _read(http.request(method, self.url + pattern, headers=headers, data=data))
        await socket.close()

    async def _no_http(self) -> None:
        """What the parser of HTTP refuses, and logs by itself."""
        parts = urlsplit(self.url)
        at = self.personals.at
        lines = (
            f"GET /rtc?access_token={at('a line of no HTTP').header}\x01 HTTP/7",
            f"{at('a method').header} / HTTP/1.1",
            f"GET /{at('a long line').header}{'x' * 70_000} HTTP/1.1",
            f"GET / HTTP/1.1\r\nHost: x\r\n{at('the name of a header').header}\x02: 1",
            f"GET / HTTP/1.1\r\nHost: {at('the name of a host').header}\r\nContent-Length: -1",
            f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {at('a length').header}",
        )
        for line in lines:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(line.encode("latin-1", "replace") + b"\r\n\r\n")
            with suppress(ConnectionError):
                await asyncio.wait_for(reader.read(65_536), 10)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _read(request: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> str:
    """What is answered; of an answer that goes on for ever, what comes within a moment."""
    content = b""
    with suppress(aiohttp.ClientError, ValueError, TimeoutError):
        async with asyncio.timeout(5), request as answer:
            stream = answer.content_type == "text/event-stream"
            content = await (answer.content.readany() if stream else answer.read())
    return content.decode("utf-8", "replace")


async def _said(socket: ClientWebSocketResponse, message: bytes | str) -> None:
    """Sends one message, and a ping behind it whose answer says that it was read; or the end."""
    with suppress(ConnectionError, RuntimeError):
        if isinstance(message, str):
            await socket.send_str(message)
        else:
            await socket.send_bytes(message)
    await _heard(socket)


async def _heard(socket: ClientWebSocketResponse) -> None:
    """Until the server has read everything so far, or closed."""
    mark = 1_234_567
    with suppress(ConnectionError, RuntimeError):
        await socket.send_bytes(SignalRequest(ping=mark).SerializeToString())
    async with asyncio.timeout(10):
        while True:
            message = await socket.receive()
            if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT}:
                return
            if _is_pong(message.data):
                return


def _is_pong(data: bytes | str) -> bool:
    if isinstance(data, str):
        response = json_format.Parse(data, SignalResponse())
    else:
        response = SignalResponse.FromString(data)
    return str(response.WhichOneof("message")) == "pong"
