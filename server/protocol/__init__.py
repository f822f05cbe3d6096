"""LiveKit's signaling wire: messages, their encodings, and their words translated into ours. Pure."""
