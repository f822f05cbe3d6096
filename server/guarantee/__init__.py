"""What the server guarantees right now, from evidence."""
