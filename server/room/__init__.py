"""What happens in a room, as a pure state machine: `handle(now, input) -> effects`."""
