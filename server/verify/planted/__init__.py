"""Recorders planted into a disposable relay that carries a real call, with the lock and without it."""
