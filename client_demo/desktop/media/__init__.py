"""Where sound and pictures come from, behind an interface: this machine's devices, or whatever stands in for
them."""
