"""A desktop application for Offrecord: the starting point for native apps. docs/desktop.md says how it is put
together."""
