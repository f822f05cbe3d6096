"""What the server guarantees: asked with a fresh nonce, checked here, told in plain words."""
