"""Session descriptions: parse, write, negotiate (RFC 8866, RFC 9429). Pure."""
