"""Everything that is drawn. Each control has a name for those who listen to it; colours are the system's."""
