"""The commands of `offrecord`, a file for each subject."""
