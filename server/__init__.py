"""Offrecord: a conferencing server that does not, and is not able to, keep the media it forwards."""
