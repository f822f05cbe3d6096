"""HTTP besides the WebSocket: guests, liveness, and what is refused."""
