"""The host measure: the kernel lets relays send only to addresses that an invited participant proved."""
