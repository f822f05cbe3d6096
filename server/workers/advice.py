"""What an operator can do about a relay that is not born."""

from __future__ import annotations

from server._native import DESCRIPTORS
from server.config import Config
from server.workers.worker import BirthRefused


def remedy(refusal: BirthRefused, config: Config) -> str:
    """Of the usual reasons; "" for others."""
    text = str(refusal)
    if "socket" in text:
        return (
            f"Are the ports free? [relay] udp_port is {config.relay.udp_port} and tcp_port is "
            f"{config.relay.tcp_port}, one port per relay."
        )
    if "limits" in text:
        return (
            f"ICE over TCP needs {DESCRIPTORS} descriptors for each relay: raise the limit (LimitNOFILE=, "
            "ulimit -n), or set [relay] tcp_port to 0."
        )
    if "identity" in text:
        return (
            f"[relay] user is {config.relay.user}: a container with a user namespace must have that "
            "user. Choose one it has, or start the server as an ordinary user."
        )
    if "cannot be observed" in text:
        return "Is /proc mounted with hidepid? Then it needs gid= and the server's own group."
    if "could not be inspected" in text:
        return (
            "Start the server as an ordinary user, or give it CAP_SYS_PTRACE: root of a container may not "
            "look at another user's process without it."
        )
    if "inspection: root" in text:
        return "Start the server as a user that is not root outside of its user namespace either."
    if "level" in text or "landlock" in text:
        return (
            f"[guarantee] minimum_level is {config.guarantee.minimum_level!r}: run on a kernel with "
            "Landlock (6.7 or later), allow it in the container, raise the limit on locked memory "
            "(LimitMEMLOCK=infinity), or accept a lower level and show it to participants."
        )
    return ""


def advice(refusal: BirthRefused, config: Config) -> str:
    """The reason, and what to do."""
    return ". ".join(filter(None, (str(refusal), remedy(refusal, config))))
