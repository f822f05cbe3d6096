"""libnftables(3), as far as it is used: one context, text in, text out."""

from __future__ import annotations

import ctypes
from typing import Final

_LIBRARY: Final = "libnftables.so.1"
_TERSE: Final = 1 << 11  # NFT_CTX_OUTPUT_TERSE: sets without their elements


class Nftables:
    """A context, and with it a netlink socket, which owns the tables it makes with `flags owner`.

    Raises OSError where the library is not installed.
    """

    def __init__(self) -> None:
        self._library = library = ctypes.CDLL(_LIBRARY)
        library.nft_ctx_new.restype = ctypes.c_void_p
        library.nft_ctx_new.argtypes = [ctypes.c_uint32]
        context = library.nft_ctx_new(0)
        if not context:
            raise OSError("no context for nftables")
        self._context = ctypes.c_void_p(context)
        for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
            getattr(library, name).restype = ctypes.c_char_p
        library.nft_ctx_buffer_output(self._context)
        library.nft_ctx_buffer_error(self._context)

    def close(self) -> None:
        """Ends the context, and its tables with it. Nothing may be asked of it any more."""
        self._library.nft_ctx_free(self._context)

    def run(self, commands: str, *, terse: bool) -> tuple[bool, str]:
        """One transaction: whether it was carried out, with its output or the reason."""
        flags = ctypes.c_uint(_TERSE if terse else 0)
        self._library.nft_ctx_output_set_flags(self._context, flags)
        status = self._library.nft_run_cmd_from_buffer(self._context, commands.encode())
        output = self._library.nft_ctx_get_output_buffer(self._context)
        errors = self._library.nft_ctx_get_error_buffer(self._context)
        told: bytes = output if status == 0 else errors
        return status == 0, told.decode("utf-8", "replace")
