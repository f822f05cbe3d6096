"""Access tokens and the grants they carry. Pure."""
