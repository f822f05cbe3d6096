"""Who looked at the ledger: an append-only, hash-chained log of every read by an operator."""
