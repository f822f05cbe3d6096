"""The load generator's keys are derived as SRTP says: RFC 3711 appendix B.3."""

from __future__ import annotations

from bench.peer import derive


def test_session_keys_of_the_rfc() -> None:
    keys = derive(
        bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139"), bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    )
    assert keys.key.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert keys.salt.hex().upper() == "30CBBC08863D8C85D49DB34A9AE17AC6"[:24]
