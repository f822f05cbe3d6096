"""The locked process that holds media: spawned, never imported."""
