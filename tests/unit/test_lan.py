"""The local network: addresses, a kept certificate that covers them, a picture for phones."""

from __future__ import annotations

import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from server.config import MINIMUM_SECRET_BYTES, ConfigError
from server.lan import (
    VALID_DAYS,
    Certificate,
    access_key,
    certificate_for,
    https_addresses,
    local_addresses,
    qr_code,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESSES = ["192.168.1.5", "2001:db8::5"]


def read(files: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(files.certificate.read_bytes())


def covered(files: Certificate) -> set[str]:
    names = read(files).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(address) for address in names.get_values_for_type(x509.IPAddress)}


def test_local_addresses_are_ones_others_can_reach() -> None:
    addresses = local_addresses()
    assert len(set(addresses)) == len(addresses)
    for address in map(ipaddress.ip_address, addresses):
        assert not address.is_loopback
        assert not address.is_link_local


def test_the_certificate_covers_every_address_and_the_key_is_private(tmp_path: Path) -> None:
    files = certificate_for(ADDRESSES, tmp_path / "certs", NOW)
    assert covered(files) == {*ADDRESSES, "127.0.0.1", "::1"}
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.key.parent.stat().st_mode) == 0o700
    assert {path.name for path in files.key.parent.iterdir()} == {"lan.pem", "lan-key.pem"}
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(files.certificate, files.key)


def test_it_is_kept_so_that_a_phone_trusts_it_once(tmp_path: Path) -> None:
    first = read(certificate_for(ADDRESSES, tmp_path, NOW))
    assert read(certificate_for(ADDRESSES[:1], tmp_path, NOW + timedelta(days=30))) == first


@pytest.mark.parametrize("later", [timedelta(days=VALID_DAYS - 3), timedelta(days=-2)])
def test_it_is_renewed_before_it_ends(tmp_path: Path, later: timedelta) -> None:
    first = read(certificate_for(ADDRESSES, tmp_path, NOW))
    second = read(certificate_for(ADDRESSES, tmp_path, NOW + later))
    assert second != first
    assert second.not_valid_before_utc <= NOW + later <= second.not_valid_after_utc


def test_it_is_renewed_for_a_new_address(tmp_path: Path) -> None:
    certificate_for(ADDRESSES, tmp_path, NOW)
    assert "10.0.0.9" in covered(certificate_for(["10.0.0.9"], tmp_path, NOW))


@pytest.mark.parametrize("broken", ["lan.pem", "lan-key.pem"])
def test_what_is_broken_is_replaced(tmp_path: Path, broken: str) -> None:
    certificate_for(ADDRESSES, tmp_path, NOW)
    (tmp_path / broken).write_text("not PEM")
    files = certificate_for(ADDRESSES, tmp_path, NOW)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(files.certificate, files.key)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be kept"):
        certificate_for(ADDRESSES, tmp_path / "file" / "certs", NOW)


def test_addresses_as_people_type_them() -> None:
    assert https_addresses(ADDRESSES, 7880) == ("https://192.168.1.5:7880/", "https://[2001:db8::5]:7880/")


def test_the_picture_is_of_the_address() -> None:
    picture = qr_code("https://192.168.1.5:7880/")
    assert len({len(line) for line in picture.splitlines() if line}) == 1
    assert picture != qr_code("https://192.168.1.6:7880/")


def test_every_run_has_its_own_key() -> None:
    (name, secret), (other_name, other_secret) = access_key(), access_key()
    assert name != other_name
    assert secret != other_secret
    assert len(secret.encode()) >= MINIMUM_SECRET_BYTES
