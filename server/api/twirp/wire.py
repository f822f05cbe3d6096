"""Twirp on HTTP: bodies in protobuf or JSON, errors in JSON (https://twitchtv.github.io/twirp/docs/spec_v7.html).

JSON answers name fields as the .proto files do, as the reference server writes them; SDKs read either form.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeVar

from aiohttp import web
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from server.answers import HEADERS, answer
from server.api.body import BodyTooLongError, read_body
from server.room.refused import AdminRefused, Fault

JSON: Final = "application/json"
PROTOBUF: Final = "application/protobuf"
MAX_BODY_BYTES: Final = 1024 * 1024
"""A participant's metadata may have half of that."""
MAX_JSON_DEPTH: Final = 20  # requests nest to less than five

M = TypeVar("M", bound=Message)


class Code(StrEnum):
    UNAUTHENTICATED = "unauthenticated"
    INVALID_ARGUMENT = "invalid_argument"
    MALFORMED = "malformed"
    NOT_FOUND = "not_found"
    BAD_ROUTE = "bad_route"
    FAILED_PRECONDITION = "failed_precondition"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    UNIMPLEMENTED = "unimplemented"
    UNAVAILABLE = "unavailable"


STATUS: Final = {
    Code.UNAUTHENTICATED: 401,
    Code.INVALID_ARGUMENT: 400,
    Code.MALFORMED: 400,
    Code.NOT_FOUND: 404,
    Code.BAD_ROUTE: 404,
    Code.FAILED_PRECONDITION: 412,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
}
_OF_A_FAULT: Final = {
    Fault.NOT_FOUND: Code.NOT_FOUND,
    Fault.BAD_ARGUMENT: Code.INVALID_ARGUMENT,
    Fault.NOT_AS_IT_IS: Code.FAILED_PRECONDITION,
    Fault.TOO_MUCH: Code.RESOURCE_EXHAUSTED,
    Fault.NEVER: Code.UNIMPLEMENTED,
    Fault.STOPPING: Code.UNAVAILABLE,
}


class TwirpError(Exception):
    """No success. The text holds nothing of what was asked; `feature` is what is not here."""

    def __init__(self, code: Code, message: str, feature: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.feature = feature

    @classmethod
    def of(cls, refused: AdminRefused) -> TwirpError:
        """The same on the wire."""
        return cls(_OF_A_FAULT[refused.fault], str(refused), refused.feature)

    def response(self) -> web.Response:
        content: dict[str, object] = {"code": self.code, "msg": str(self)}
        if self.feature:
            content["meta"] = {"feature": self.feature}
        return answer(content, STATUS[self.code])


def content_type_of(request: web.Request) -> str:
    """Which of the two forms the request has, and the answer will have. Raises TwirpError."""
    if request.content_type not in {JSON, PROTOBUF}:
        raise TwirpError(Code.BAD_ROUTE, f"send {PROTOBUF} or {JSON}")
    return request.content_type


async def read(request: web.Request, kind: type[M]) -> M:
    """The message that was sent, of at most MAX_BODY_BYTES after decompression. Raises TwirpError."""
    form = content_type_of(request)
    body = await _body(request)
    message = kind()
    try:
        if form == JSON:
            text = body.decode("utf-8")
            json_format.Parse(text, message, ignore_unknown_fields=True, max_recursion_depth=MAX_JSON_DEPTH)
        else:
            message.ParseFromString(body)
    except (DecodeError, json_format.ParseError, ValueError, RecursionError):
        raise TwirpError(Code.MALFORMED, "the body cannot be read as the method's request") from None
    return message


def write(request: web.Request, message: Message) -> web.Response:
    """A success, in the form in which was asked."""
    form = content_type_of(request)
    if form == JSON:
        body = json_format.MessageToJson(message, preserving_proto_field_name=True, indent=None).encode()
    else:
        body = message.SerializeToString()
    return web.Response(body=body, content_type=form, headers=HEADERS)


async def _body(request: web.Request) -> bytes:
    try:
        return await read_body(request.content, MAX_BODY_BYTES)
    except TimeoutError:
        raise TwirpError(Code.MALFORMED, "the body did not arrive in time") from None
    except BodyTooLongError:
        raise TwirpError(Code.RESOURCE_EXHAUSTED, f"a request has at most {MAX_BODY_BYTES} bytes") from None
