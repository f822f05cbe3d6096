"""`python -m server` is the `offrecord` command."""

from server.cli import main

main()
