"""The only words that signaling and relay share."""
