"""Serving a local network: which addresses this machine has, and a certificate for them.

Browsers give a camera only to pages served over HTTPS, so a phone on the same network needs a
certificate. It is self-signed: the phone warns once, and says so to the person holding it.
"""

from __future__ import annotations

import fcntl
import io
import ipaddress
import os
import secrets
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.config import ConfigError

VALID_DAYS = 90
RENEW_DAYS = 7
_SIOCGIFADDR = 0x8915  # netdevice(7)
_IF_INET6 = Path("/proc/net/if_inet6")
_IF_INET6_LINES = 1024
_GLOBAL_SCOPE = "00"
_PASSING = 0x01 | 0x20 | 0x40  # IFA_F_TEMPORARY, DEPRECATED, TENTATIVE, rtnetlink(7)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of PEM files; the key is readable by its owner only."""

    certificate: Path
    key: Path


def local_addresses() -> list[str]:
    """Addresses other machines may reach this one at, IPv4 first; no loopback, no link-local.

    Where the kernel does not say (not Linux), the one address that leads outward, or none.
    """
    found = [*_ipv4_addresses(), *_ipv6_addresses()] or _outward_address()
    usable = (address for address in found if not (address.is_loopback or address.is_link_local))
    return list(dict.fromkeys(str(address) for address in usable))


def _ipv4_addresses() -> list[Address]:
    addresses: list[Address] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue  # the interface has no IPv4 address, or this system another ioctl
            addresses.append(ipaddress.IPv4Address(answer[20:24]))
    return addresses


def _ipv6_addresses() -> list[Address]:
    """Global scope only: a link-local address needs a zone, which a page's address cannot carry.

    Lasting ones only: a temporary address (RFC 8981) would want a new certificate every day.
    """
    try:
        lines = _IF_INET6.read_text("ascii").splitlines()[:_IF_INET6_LINES]
    except OSError:
        return []
    addresses: list[Address] = []
    for fields in map(str.split, lines):
        if len(fields) == 6 and fields[3] == _GLOBAL_SCOPE and not int(fields[4], 16) & _PASSING:
            addresses.append(ipaddress.IPv6Address(bytes.fromhex(fields[0])))
    return addresses


def _outward_address() -> list[Address]:
    """The source address towards a documentation network (RFC 5737); connecting UDP sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [ipaddress.ip_address(probe.getsockname()[0])]


def https_addresses(addresses: Sequence[str], port: int) -> tuple[str, ...]:
    """What a person types: `https://192.168.1.5:7880/`."""
    return tuple(f"https://{f'[{address}]' if ':' in address else address}:{port}/" for address in addresses)


def qr_code(address: str) -> str:
    """A picture of the address in block characters, for a terminal."""
    picture = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(picture, compact=True)
    return picture.getvalue()


def access_key() -> tuple[str, str]:
    """Name and secret of a key that lives as long as this run."""
    return f"lan-{secrets.token_hex(4)}", secrets.token_urlsafe(32)


def certificate_for(addresses: Sequence[str], directory: Path, now: datetime | None = None) -> Certificate:
    """The kept certificate when it covers all addresses for a week more, else a fresh one.

    Kept so that a phone is asked to trust it once. Raises ConfigError when `directory` cannot be written.
    """
    now = now or datetime.now(UTC)
    files = Certificate(directory / "lan.pem", directory / "lan-key.pem")
    try:
        if not _still_good(files, addresses, now):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(files, addresses, now)
    except OSError as error:
        raise ConfigError(f"a certificate cannot be kept in {directory}: {error.strerror}") from None
    return files


def _still_good(files: Certificate, addresses: Sequence[str], now: datetime) -> bool:
    if not files.certificate.is_file() or not files.key.is_file():
        return False
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    covered = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return (
        certificate.public_key() == key.public_key()
        and covered >= set(addresses)
        and certificate.not_valid_before_utc <= now
        and certificate.not_valid_after_utc >= now + timedelta(days=RENEW_DAYS)
    )


def _make(files: Certificate, addresses: Sequence[str], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Offrecord on the local network")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # phones whose clock is behind
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(_names(addresses)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _replace(files.key, secret, 0o600)
    _replace(files.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _names(addresses: Sequence[str]) -> list[x509.GeneralName]:
    named = dict.fromkeys([*addresses, "127.0.0.1", "::1"])
    return [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(one)) for one in named)]


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Never there half written, never there with wider permissions."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)
