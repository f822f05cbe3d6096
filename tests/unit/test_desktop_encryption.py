"""With which options the desktop application's calls are encrypted."""

from __future__ import annotations

from client_demo.desktop.call.call import room_options


def test_a_key_encrypts_and_no_other_is_derived_for_frames_that_it_does_not_read() -> None:
    encryption = room_options("a kéy").encryption
    assert encryption is not None
    assert encryption.key_provider_options.shared_key == "a kéy".encode()
    assert encryption.key_provider_options.ratchet_window_size == 0


def test_without_a_key_nothing_is_encrypted() -> None:
    assert room_options("").encryption is None
