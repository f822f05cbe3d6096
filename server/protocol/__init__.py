"""The LiveKit wire: decoding requests, encoding responses. Pure."""
