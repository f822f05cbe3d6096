"""The composition root: brings the parts together, serves until told to stop, and closes in order."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from aiohttp import web

from server import turn
from server.access.expiry import keep_expiring
from server.access.reading import configured as access_log
from server.addresses import advertised, candidates
from server.api import pages
from server.api.counted import counted
from server.api.guests import GuestRoutes
from server.api.health import HealthRoutes
from server.api.moderation import ModerationRoutes
from server.api.receipt import ReceiptRoutes
from server.api.receivers import ReceiverRoutes
from server.api.rights import RightsRoutes
from server.api.subject import SubjectTokens
from server.api.twirp.route import TwirpRoutes
from server.attempts import Attempts
from server.chronicle import Chronicle
from server.clock import Clock
from server.config import Config, ConfigError, relay_count
from server.console.application import listen as listen_for_operators
from server.console.place import place_of
from server.console.sources import Sources as ConsoleSources
from server.errors import OperatorError
from server.guarantee.incidents import Incidents
from server.guarantee.installed import InstalledSoftware, version
from server.guarantee.observe import EvidenceSource
from server.guarantee.route import GuaranteeRoutes, SoftwareSource
from server.guarantee.sign import Signer
from server.journal import Journal
from server.metadata.declared import Expiry
from server.metadata.retention import Retention
from server.metadata.rows.actions import OperatorAction
from server.metadata.rows.operation import ServerStarted, ServerStopped
from server.metadata.store import QUEUE_EVENTS, Ledger
from server.metadata.subject import Subjects
from server.metadata.words import Action
from server.metrics.listener import listen as listen_for_metrics
from server.metrics.source import Source
from server.network.origin import Origins
from server.options import ServeOptions
from server.policy.own import check as check_policy
from server.policy.route import PolicyRoutes
from server.policy.served import ServedPolicy
from server.rooms.manager import RoomManager
from server.signaling.route import SignalRoutes
from server.tally import Tally
from server.webhooks.deliveries import Deliveries
from server.workers.placement import Placement
from server.workers.supervisor import Supervisor

logger = logging.getLogger(__name__)

# A first offer inside a query is about 3 kB, track requests can be added to it, and a token may hold 16 KiB.
MAX_REQUEST_LINE = 64 * 1024
MAX_REQUEST_HEADER = 32 * 1024
MAX_REQUEST_BODY = 64 * 1024
GOODBYE_SECONDS = 3.0


async def serve(config: Config, options: ServeOptions) -> None:
    """Serves until SIGTERM or SIGINT, or after SIGUSR1 until nobody is in a call. Raises
    OperatorError, before anything is reachable, if it cannot."""
    journal = Journal(as_json=config.log.format == "json")
    journal.open()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        addresses = await start(config, stack, journal, stop)
        _announce(options, addresses)
        await stop.wait()
        logger.info("stopping")


async def start(
    config: Config,
    stack: AsyncExitStack,
    journal: Journal | None = None,
    drained: asyncio.Event | None = None,
) -> list[str]:
    """Starts everything; `stack` closes it in order. Returns the addresses at which it listens. `drained` is
    set when it was told to drain and nobody is in a call any more; None: it is not told.

    Order: the ledger, the relays, then HTTP. Closing: participants are told, HTTP, rooms, relays, the ledger.
    """
    addresses = advertised(config)
    tls = _tls(config)
    console_place = place_of(config)
    turn_servers = turn.configured(config)
    served = ServedPolicy(config)
    origins = Origins(config)
    signer = Signer.load_or_create(Path(config.guarantee.signing_key))
    clock = Clock()
    retention = Retention.configured(config.metadata)
    ledger = await Ledger.open(config.metadata.url, retention, clock=clock.now)
    stack.push_async_callback(ledger.close)
    deliveries = await _deliveries(config, ledger, clock, stack)
    subjects = Subjects(ledger, config.metadata.url, clock.now)
    stack.push_async_callback(subjects.aclose)
    incidents = Incidents()
    tally = Tally()
    record = tally.noting(ledger.record)
    rooms = RoomManager(
        config, clock, record, partial(candidates, addresses), served.notice, turn=turn_servers
    )
    supervisor = Supervisor(config, tally.listening(rooms), Chronicle(record, incidents, clock.now))
    stack.push_async_callback(supervisor.stop)
    await supervisor.start()
    software = InstalledSoftware()
    stack.push_async_callback(_cancelled, asyncio.create_task(software.watch()))
    stack.push_async_callback(_cancelled, asyncio.create_task(keep_expiring(access_log(config))))
    stack.push_async_callback(_cancelled, asyncio.create_task(origins.keep_replacing()))
    rooms.place_on(Placement(supervisor, config.relay.full_percent / 100, clock.now))
    ledger.record(ServerStarted(version=version(), relays=relay_count(config)))
    stack.callback(ledger.record, ServerStopped())
    if served.policy is not None:
        ledger.record(OperatorAction(action=Action.POLICY_SERVED, policy_version=served.version))
    attempts = Attempts(record, clock.now)
    stack.callback(attempts.close)
    app = application(
        config,
        rooms,
        supervisor.evidence,
        clock,
        attempts,
        origins=origins,
        signer=signer,
        software=software,
        incidents=incidents,
        tally=tally,
        policy=lambda: served.version,
    )
    level = config.guarantee.minimum_level
    app.add_routes(HealthRoutes(supervisor.evidence, ledger, level, lambda: rooms.is_draining).routes())
    kept_seconds = retention.seconds(Expiry.SESSION)
    tokens = SubjectTokens(config.keys, signer, kept_seconds)
    app.add_routes(ReceiptRoutes(subjects, tokens, signer, clock, origins).routes())
    app.add_routes(RightsRoutes(ledger.requests, tokens, signer, clock, origins).routes())
    policy_routes = PolicyRoutes(served.policy, partial(check_policy, config, clock=clock.now))
    app.add_routes(policy_routes.routes())

    def other_policy() -> None:
        policy_routes.serve(served.policy)
        rooms.serve_policy(served.notice)
        ledger.record(OperatorAction(action=Action.POLICY_SERVED, policy_version=served.version))

    served.on_change(other_policy)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, served.read_again)
    if drained is not None:
        stack.push_async_callback(_cancelled, asyncio.create_task(_drain_when_told(rooms, drained)))
    if config.metrics.port:
        source = Source(
            version=version(),
            configured_relays=relay_count(config),
            minimum_level=config.guarantee.minimum_level,
            sites=origins.sites,
            queue_size=QUEUE_EVENTS,
            tally=tally,
            rooms=rooms,
            ledger=ledger,
            output=journal or Journal(),
            relays=supervisor.relays,
            incidents=incidents.recent,
            clock=time.time,
            webhooks=(lambda: deliveries.counts) if deliveries is not None else tuple,
        )
        await listen_for_metrics(source, config.metrics.host, config.metrics.port, stack)
    sources = ConsoleSources(config, rooms.present, supervisor.evidence, incidents.recent, ledger, origins)
    await listen_for_operators(sources, console_place, app, tls, stack)
    runner = http_runner(app)
    await runner.setup()
    stack.push_async_callback(rooms.until_closed)
    stack.push_async_callback(runner.cleanup)
    await _listen(config, runner, tls)
    stack.callback(rooms.shutdown)
    return _listening(runner, secure=tls is not None)


def http_runner(app: web.Application) -> web.AppRunner:
    """An application on HTTP, with the bounds of a request."""
    return web.AppRunner(
        app,
        access_log=None,  # it would hold addresses, and tokens in queries
        shutdown_timeout=GOODBYE_SECONDS,
        max_line_size=MAX_REQUEST_LINE,
        max_field_size=MAX_REQUEST_HEADER,
    )


def application(
    config: Config,
    rooms: RoomManager,
    evidence: EvidenceSource,
    clock: Clock,
    attempts: Attempts,
    *,
    origins: Origins,
    signer: Signer,
    software: SoftwareSource,
    incidents: Incidents | None = None,
    tally: Tally | None = None,
    policy: Callable[[], str] = lambda: "",
) -> web.Application:
    """All routes but those that need a ledger.

    `evidence` is what the guarantee is judged from, asked at every request; `signer` signs what is given;
    `origins` says where requests come from; `tally` counts answers and refusals;
    `policy` tells the version of the privacy policy that guests have to have seen, "" for none.
    """
    app = web.Application(client_max_size=MAX_REQUEST_BODY)
    tally = tally or Tally()
    app.on_response_prepare.append(counted(tally))
    app.add_routes(
        SignalRoutes(rooms, config.keys, clock, attempts, origins, on_refused=tally.refuse).routes()
    )
    key = next(iter(config.keys.items()))
    app.add_routes(
        GuestRoutes(
            config.guests,
            key,
            clock,
            config.http.public_url,
            origins,
            policy=policy,
            takes_only_encrypted=rooms.takes_only_encrypted,
        ).routes()
    )
    minimum_level = config.guarantee.minimum_level
    app.add_routes(
        GuaranteeRoutes(
            evidence, software, rooms.binding, minimum_level, config.keys, signer, incidents or Incidents()
        ).routes()
    )
    app.add_routes(TwirpRoutes(rooms, config.keys, clock, origins).routes())
    app.add_routes(ModerationRoutes(rooms, config.keys, clock, origins).routes())
    app.add_routes(ReceiverRoutes(rooms.receivers, config.keys, clock).routes())
    app.add_routes(pages.routes(public_url=config.http.public_url))
    return app


async def _listen(config: Config, runner: web.AppRunner, tls: ssl.SSLContext | None) -> None:
    site = web.TCPSite(runner, config.http.host or None, config.http.port, ssl_context=tls)
    try:
        await site.start()
    except OSError as error:
        raise OperatorError(
            f"HTTP cannot listen on port {config.http.port}: {error.strerror}; "
            "choose another with http.port or --http-port"
        ) from None


def _tls(config: Config) -> ssl.SSLContext | None:
    if not config.http.tls_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(config.http.tls_certificate, config.http.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"http.tls_certificate and http.tls_key cannot be used: {error.strerror or 'unreadable'}"
        ) from None
    return context


def _listening(runner: web.AppRunner, *, secure: bool) -> list[str]:
    """Addresses to open in a browser; all interfaces are shown as this machine."""
    scheme = "https" if secure else "http"
    hosts = {(address[0], address[1]) for address in runner.addresses}
    return sorted(f"{scheme}://{_shown(host)}:{port}/" for host, port in hosts)


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _announce(options: ServeOptions, addresses: list[str]) -> None:
    """Tells a person what to open. Keys are never printed."""
    lines = [f"Offrecord is ready: {one}" for one in options.addresses_to_print or dict.fromkeys(addresses)]
    if options.qr_code:
        lines.append(options.qr_code)
    if options.dev:
        lines.append("Development: this machine only, key devkey, secret secret.")
    print("\n".join(lines), flush=True)  # noqa: T201 - this is for the person who started it


async def _drain_when_told(rooms: RoomManager, drained: asyncio.Event) -> None:
    """SIGUSR1: calls go on, and none begins; `drained` once the last is over."""

    def drain() -> None:
        logger.info("draining")
        rooms.drain()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, drain)
    await rooms.until_drained()
    logger.info("drained")
    drained.set()


async def _deliveries(
    config: Config, ledger: Ledger, clock: Clock, stack: AsyncExitStack
) -> Deliveries | None:
    if not config.webhooks.urls:
        return None
    deliveries = await Deliveries.open(config, ledger, clock.now)
    stack.push_async_callback(deliveries.close)
    return deliveries


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
