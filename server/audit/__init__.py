"""Checks a server from outside, as anybody can: `offrecord audit`."""
