"""OpenSSL keeps no session of a peer for a later one: its master secret would outlive the call."""

from __future__ import annotations

from typing import Any, cast

from OpenSSL import SSL

from tests.relay.pair import Pair


async def test_no_session_is_cached_and_no_ticket_given() -> None:
    pair = Pair()
    await pair.handshake()
    assert pair.transport._dtls is not None
    connection: Any = pair.transport._dtls._ssl
    context = connection.get_context()
    assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF
    assert cast(Any, SSL)._lib.SSL_CTX_get_options(context._context) & SSL.OP_NO_TICKET
    await pair.close()
