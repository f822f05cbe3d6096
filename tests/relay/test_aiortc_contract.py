"""The undocumented names of aiortc and pyOpenSSL that the relay leans on, held where an upgrade would break.

Their versions are pinned exactly; this says what to look at when the pins move.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

from aiortc import rtcdtlstransport as dtls
from aiortc import rtcsctptransport as sctp
from OpenSSL import SSL

from server.relay import ortc
from server.relay.lane import Message


def parameters(function: object) -> list[str]:
    assert callable(function)
    return list(inspect.signature(function).parameters)


def test_dtls_has_what_the_shim_overrides_and_reads() -> None:
    transport = dtls.RTCDtlsTransport
    assert parameters(transport.__init__) == ["self", "transport", "certificates"]
    assert parameters(transport._setup_srtp) == ["self"]
    assert parameters(transport._write_ssl) == ["self"]
    assert parameters(transport._set_role) == ["self", "role"]
    assert parameters(transport._set_state) == ["self", "state"]
    assert parameters(transport._unregister_data_receiver) == ["self", "receiver"]
    assert inspect.iscoroutinefunction(transport._write_ssl)
    assert parameters(transport.start) == ["self", "remoteParameters"]
    assert dtls.State.FAILED
    source = inspect.getsource(transport)
    for use in ("self._srtp_profiles", "self._ssl", "self._role", "self.transport._recv()", "._send(data)"):
        assert use in source, use
    assert "_create_ssl_context(" in source
    assert 'emit("statechange")' in source


def test_certificates_make_their_context_in_one_place() -> None:
    assert parameters(dtls.RTCCertificate._create_ssl_context) == ["self", "srtp_profiles"]
    certificate = ortc.Certificate.generateCertificate()
    profiles = [dtls.SRTP_AEAD_AES_128_GCM]
    assert certificate._create_ssl_context(profiles) is certificate._create_ssl_context(profiles)


def test_profiles_cut_the_key_block_as_rfc_5764_says() -> None:
    """Client key, server key, client salt, server salt."""
    profile = dtls.SRTP_AEAD_AES_128_GCM
    block = bytes(range(2 * (16 + 12)))
    assert profile.get_key_and_salt(block, 0) == block[:16] + block[32:44]
    assert profile.get_key_and_salt(block, 1) == block[16:32] + block[44:56]


def test_sctp_has_what_the_guard_overrides_and_reads() -> None:
    transport = sctp.RTCSctpTransport
    assert parameters(transport._handle_data) == ["self", "data"]
    assert parameters(transport._data_channel_receive) == ["self", "stream_id", "pp_id", "data"]
    assert parameters(transport.start) == ["self", "remoteCaps", "remotePort"]
    source = inspect.getsource(transport.__init__)
    for name in ("_advertised_rwnd", "_inbound_streams", "_sack_misordered", "_local_tsn", "_data_channels"):
        assert f"self.{name}" in source, name
    assert sctp.InboundStream().reassembly == []
    assert sctp.WEBRTC_DCEP == 50


def test_sctp_has_what_is_lent_and_taken_back() -> None:
    source = inspect.getsource(sctp.RTCSctpTransport)
    names = (
        "_association_state",
        "_cwnd",
        "_data_channel_queue",
        "_fast_recovery_exit",
        "_forward_tsn_chunk",
        "_last_sacked_tsn",
        "_local_tsn",
        "_local_verification_tag",
        "_outbound_queue",
        "_outbound_stream_seq",
        "_reconfig_queue",
        "_reconfig_request",
        "_remote_verification_tag",
        "_rto",
        "_sent_queue",
        "_t3_handle",
    )
    for name in names:
        assert f"self.{name}" in source, name
    assert parameters(sctp.serialize_packet)[-1] == "chunk"
    assert parameters(sctp.RTCSctpTransport._flight_size_increase) == ["self", "chunk"]
    assert parameters(sctp.RTCSctpTransport._update_rto) == ["self", "R"]
    set_by_aiortc = re.findall(r"chunk\.(\w+) [|]?= ", inspect.getsource(sctp.RTCSctpTransport._send))
    message = Message(1, 3, b"4", 5.0, stream=2, ordered=True, most_retransmits=None)
    assert "_book_size" in set_by_aiortc
    assert [name for name in set_by_aiortc if not hasattr(message, name)] == []
    for timer in ("_t3_start", "_t3_cancel", "_t3_expired"):
        assert parameters(getattr(sctp.RTCSctpTransport, timer)) == ["self"]
    assert sctp.USERDATA_MAX_LENGTH == 1160, "as a lane has it"
    assert inspect.iscoroutinefunction(dtls.RTCDtlsTransport._recv_next)
    assert "self._data_receiver._handle_data(data)" in inspect.getsource(dtls.RTCDtlsTransport._recv_next)
    assert parameters(dtls.RTCDtlsTransport._send_data) == ["self", "data"]


def test_openssl_exports_what_srtp_needs() -> None:
    assert callable(SSL.Connection.get_selected_srtp_profile)
    assert callable(SSL.Connection.export_keying_material)
    assert callable(SSL.Connection.bio_read)


def test_openssl_tells_what_the_keys_of_records_are_made_of() -> None:
    for secret in (SSL.Connection.master_key, SSL.Connection.client_random, SSL.Connection.server_random):
        assert parameters(secret) == ["self"]
    source = inspect.getsource(dtls.RTCDtlsTransport.stop)
    assert "if self._ssl and" in source, "without it there is no second goodbye"


def test_the_parser_still_needs_its_guard() -> None:
    """When this fails, aiortc bounds parameters itself and `sctp_guard` may lose a check."""
    source = inspect.getsource(sctp.decode_params)
    assert "param_length <" not in source


def test_a_relay_maps_neither_codecs_nor_an_srtp_library() -> None:
    """In a process of its own: this one has the whole of aiortc."""
    program = (
        "import server.relay.warm_up, server.relay.worker\n"
        "maps = open('/proc/self/maps').read()\n"
        "libraries = ('libav', 'libsw', 'libsrtp', 'libvpx', 'libopus', '/av/')\n"
        "bad = [name for name in libraries if name in maps]\n"
        "import sys\n"
        "modules = ('aioice', 'aiortc.codecs', 'aiortc.contrib.media')\n"
        "bad += [name for name in modules if name in sys.modules]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
