"""What only trying can tell: ports, certificate, and a relay that is born, looked at and ended."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from server import turn
from server.config import Config, relay_count
from server.control.messages import Level
from server.doctor.finding import Finding, missing, ok, warning
from server.errors import OperatorError
from server.firewall.measure import HostFirewall
from server.guarantee.evidence import RelayEvidence
from server.guarantee.judge import RelayJudgement, judge_relay
from server.guarantee.words import reason
from server.options import LOOPBACK
from server.workers.advice import remedy
from server.workers.proc import InspectionError
from server.workers.status import read_status
from server.workers.supervisor import boot_of
from server.workers.worker import BirthRefused, RelayProcess

SELF_TEST_SECONDS = 10.0
"""In which a relay that serves repeats its probes; it does so at once."""
_AGAIN = 0.02


def check_ports(config: Config) -> list[Finding]:
    """Binds every port that would be served on, and lets it go again."""
    taken = []
    if config.http.port and not _is_free(socket.SOCK_STREAM, config.http.host, config.http.port):
        taken.append(f"TCP {config.http.port}")
    hosts = [host for host in (config.relay.ipv4_host, config.relay.ipv6_host) if host]
    for name, kind, first in (
        ("UDP", socket.SOCK_DGRAM, config.relay.udp_port),
        ("TCP", socket.SOCK_STREAM, config.relay.tcp_port),
    ):
        for port in range(first, first + relay_count(config)) if first else ():
            if not all(_is_free(kind, host, port) for host in hosts):
                taken.append(f"{name} {port}")
    if not taken:
        return [ok("ports", "All are free.")]
    return [
        missing(
            "ports",
            f"Something else has {', '.join(taken)}; perhaps a server that runs already.",
            "End it, or choose other ports: http.port, relay.udp_port, relay.tcp_port.",
            stops=True,
        )
    ]


def _is_free(kind: socket.SocketKind, host: str, port: int) -> bool:
    """A family that the machine does not have is nobody's."""
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family is socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bool(host)))
            probe.bind((host or "::", port))
    except PermissionError:
        return False
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True


def check_certificate(config: Config) -> list[Finding]:
    """Loads it as the server would."""
    if not config.http.tls_certificate:
        return []
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            config.http.tls_certificate, config.http.tls_key
        )
    except (OSError, ssl.SSLError) as error:
        return [
            missing(
                "certificate",
                f"It cannot be used: {error.strerror or 'unreadable'}.",
                "Set http.tls_certificate to the certificate with its chain and http.tls_key to its key; the "
                "server's user must be able to read both.",
                stops=True,
            )
        ]
    return [ok("certificate", f"{Path(config.http.tls_certificate).name} and its key fit together.")]


def check_turn(config: Config) -> list[Finding]:
    """Reads the secret of the TURN servers as the server would, where clients are told of any."""
    if not config.turn.urls:
        return []
    try:
        turn.configured(config)
    except OperatorError as error:
        advice = (
            "Put the static-auth-secret of coturn into the file, and let the server's user alone read it."
        )
        return [missing("TURN", f"{error}.", advice, stops=True)]
    return [
        ok(
            "TURN",
            f"Clients are told of {len(config.turn.urls)} addresses; whether they answer is not known.",
        )
    ]


async def check_firewall(config: Config) -> list[Finding]:
    """Puts the host measure in place and takes it away again, where it is asked for."""
    if config.guarantee.host_firewall == "off":
        return [
            warning(
                "host firewall",
                "It is off: a relay that was taken over could send by UDP to an address nobody proved.",
                'Set [guarantee] host_firewall to "try" or "require"; it needs nftables and CAP_NET_ADMIN.',
            )
        ]
    measure = HostFirewall(required=True, on_missing=lambda: None)
    try:
        await measure.start()
    except OperatorError as error:
        stops = config.guarantee.host_firewall == "require"
        return [missing("host firewall", "It cannot be put in place.", f"{error}.", stops=stops)]
    finally:
        await measure.stop()
    return [ok("host firewall", "It can be put in place: relays reach proven addresses only.")]


async def check_birth(config: Config) -> tuple[Level, list[Finding]]:
    """A relay on a port of loopback, born as every other, judged as every other, and ended."""
    relay = structs.replace(config.relay, relays=1, ipv4_host=LOOPBACK, ipv6_host="", udp_port=0, tcp_port=0)
    lenient = structs.replace(config.guarantee, minimum_level="none")
    boot = boot_of(structs.replace(config, relay=relay, guarantee=lenient), 1)
    process = RelayProcess(boot, 1, lambda *_: None, lambda *_: None)
    try:
        await process.start()
    except BirthRefused as refusal:
        return Level.NONE, [
            missing("a relay", f"None could be born: {refusal}.", remedy(refusal, config), stops=True)
        ]
    try:
        judged = await _judged(process)
    finally:
        await process.stop()
    return judged.level, [_born(judged, config)]


async def _judged(process: RelayProcess) -> RelayJudgement:
    """Once it has repeated its probes; without them, as what it is."""
    deadline = time.monotonic() + SELF_TEST_SECONDS
    # Nobody else waits for this, so a relay tells nobody.
    while process.serving and process.evidence().self_test is None and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_AGAIN)
    return judge_relay(_of_now(process), time.time())


def _of_now(process: RelayProcess) -> RelayEvidence:
    evidence = process.evidence()
    try:
        return replace(evidence, status=read_status(process.pid))
    except InspectionError:
        return replace(evidence, status=None)


def _born(judged: RelayJudgement, config: Config) -> Finding:
    level = judged.level.name.lower()
    if judged.level is Level.FULL:
        return ok("a relay", "One was born for a moment and reached level full: every layer was observed.")
    lacking = " ".join(reason(check.name) for check in judged.checks if not check.held)
    needed = config.guarantee.minimum_level
    starts = judged.level >= Level[needed.upper()]
    consequence = (
        "The server starts and shows this level to everybody."
        if starts
        else f"The server does not start, because [guarantee] minimum_level is {needed}."
    )
    return missing(
        "a relay",
        f"One was born for a moment and reached level {level} only. {lacking}",
        f"{consequence} Put right what is missing above, or accept level {level}.",
    )
