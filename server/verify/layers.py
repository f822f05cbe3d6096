"""The layers of the lock, each of which a disposable process can have alone or go without."""

from __future__ import annotations

from enum import StrEnum


class Layer(StrEnum):
    """In the order in which a relay gets them."""

    PIPES = "pipes"  # two one-way pipes to signaling: no descriptor goes through them
    STAGE_0 = "stage-0"  # no io_uring from before the first event loop
    LIMITS = "limits"  # no file grows, no core, no message queue
    IDENTITY = "identity"  # another user, and no capability
    LANDLOCK = "landlock"
    SECCOMP = "seccomp"
    INSPECTION = "inspection"  # from outside, before it may serve
    NOT_DUMPABLE = "not-dumpable"


Layers = frozenset[Layer]

NONE: Layers = frozenset()
"""The control run."""
WHOLE: Layers = frozenset(Layer)
"""What a relay has."""
OF_THE_KERNEL: Layers = frozenset({Layer.LIMITS, Layer.IDENTITY, Layer.LANDLOCK, Layer.SECCOMP})
"""Set by one call, with `no_new_privs`, and only in a process with one thread."""


def without(layer: Layer) -> Layers:
    """The whole lock but one layer."""
    return WHOLE - {layer}


def alone(layer: Layer) -> Layers:
    """One layer and no other."""
    return frozenset({layer})
