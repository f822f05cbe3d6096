"""The ledger: a closed union of event types, each field with a purpose and an expiry."""
