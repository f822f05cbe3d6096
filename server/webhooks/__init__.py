"""Webhooks as LiveKit's server SDKs expect them, told from rows of the ledger."""
