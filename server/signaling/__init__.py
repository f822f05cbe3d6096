"""The WebSocket shell around rooms."""
