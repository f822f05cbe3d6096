"""A call, without a window: who is there, what is sent and received, what was written, and what is kept of
it."""
