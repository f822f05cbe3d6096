"""Attacks on a disposable relay, with and without the lock."""
