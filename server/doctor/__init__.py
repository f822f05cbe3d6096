"""`offrecord doctor`: what this host lacks for level `full`, before anything is started."""
