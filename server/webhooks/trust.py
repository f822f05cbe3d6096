"""Whose certificates are believed, and why something was not taken, in words that name nobody."""

from __future__ import annotations

import ssl
from enum import StrEnum

import aiohttp

from server.config import ConfigError


class Failure(StrEnum):
    """Why a receiver did not take what it was told."""

    REFUSED = "it answers with something else than 2xx"
    TOO_LATE = "it does not answer in time"
    NOT_REACHED = "it is not reached, or breaks off"
    NO_TLS = "it does not speak TLS as it should"
    UNTRUSTED = "its certificate is not trusted: webhooks.certificate_authority names whom to trust besides"
    EXPIRED = "its certificate has expired, or is not valid yet"
    OTHER_NAME = "its certificate is for another name"
    OWN_FAULT = "it could not be told"


_CERTIFICATE_FAULTS = {  # X509_V_ERR_… of OpenSSL
    9: Failure.EXPIRED,
    10: Failure.EXPIRED,
    62: Failure.OTHER_NAME,
    64: Failure.OTHER_NAME,
}


def trusting(file: str) -> ssl.SSLContext:
    """The certificates that the system trusts, and those in a PEM file; "": no others. Raises ConfigError."""
    context = ssl.create_default_context()
    if file:
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else ""
            raise ConfigError(
                f"webhooks.certificate_authority cannot be used: {why or 'no certificates in PEM'}"
            ) from None
    return context


def failure_of(error: Exception) -> Failure:
    """What an error of the request means."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        found = error.certificate_error
        code = found.verify_code if isinstance(found, ssl.SSLCertVerificationError) else 0
        return _CERTIFICATE_FAULTS.get(code, Failure.UNTRUSTED)
    if isinstance(error, aiohttp.ClientSSLError):
        return Failure.NO_TLS
    return Failure.TOO_LATE if isinstance(error, TimeoutError) else Failure.NOT_REACHED
