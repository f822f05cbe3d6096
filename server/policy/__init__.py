"""The operator's privacy policy as clauses, each with what enforces it and a check that it is so."""
