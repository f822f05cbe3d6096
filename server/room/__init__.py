"""A room as a pure state machine: inputs and the time go in, effects come out.

Nothing here opens a socket, reads a clock or knows what a relay process is. `room.py` is the entrance.
"""
