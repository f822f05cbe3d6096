"""The kinds of rows, by subject; each field with its bound, its purpose and who may see it."""
