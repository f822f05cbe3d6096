"""What Prometheus reads: the only package that knows it."""
