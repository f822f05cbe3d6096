"""Attacks on the host measure: a locked process that was taken over sends to somebody who proved nothing."""
