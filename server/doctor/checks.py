"""From the facts of a host, and a configuration, to findings: what each means for level `full`."""

from __future__ import annotations

from typing import Final

from server.addresses import advertised
from server.config import Config, ConfigError
from server.doctor.finding import Finding, missing, ok, warning
from server.doctor.host import Host
from server.options import check_usable

LEAST_KERNEL: Final = (6, 7)
LEAST_LANDLOCK_ABI: Final = 4
"""The first that covers TCP, Linux 6.7."""
MIB: Final = 1024 * 1024
LEAST_ARENA: Final = 2 * MIB
"""A relay that may lock less has no memory for media."""
BUFFER: Final = 8 * MIB
"""What a relay asks for, each way."""
NEEDED_ACTIONS: Final = frozenset({"kill_process", "errno", "allow"})


def check_host(host: Host, config: Config) -> list[Finding]:
    """In the order in which a person would put things right."""
    return [
        _system(host),
        _landlock(host),
        _seccomp(host),
        _locked_memory(host, config),
        _user(host, config),
        _processes(host),
        _swap(host),
        _cores(host),
        _rings(host),
        _buffers(host),
        _kernel_log(host),
        _clock(host),
    ]


def _system(host: Host) -> Finding:
    if host.system != "linux":
        return missing(
            "system",
            f"This is {host.system}; relays are locked by Linux.",
            "Run the server in a Linux machine; a virtual one will do.",
            stops=True,
        )
    if host.machine not in {"x86_64", "aarch64"}:
        return missing(
            "system",
            f"There is no list of system calls for {host.machine}.",
            "Run the server on x86_64 or aarch64.",
            stops=True,
        )
    if host.release is None:
        return warning("system", "The kernel does not say its version.", "Look at `uname -r`.")
    told = f"Linux {host.release[0]}.{host.release[1]} on {host.machine}."
    if host.release < LEAST_KERNEL:
        return missing("system", told, "Upgrade the kernel to 6.7 or later, for a Landlock that covers TCP.")
    return ok("system", told)


def _landlock(host: Host) -> Finding:
    if host.landlock_abi >= LEAST_LANDLOCK_ABI:
        return ok("landlock", f"Landlock is there, version {host.landlock_abi} of its interface.")
    if host.landlock_abi:
        return missing(
            "landlock",
            f"Landlock is there in version {host.landlock_abi} of its interface, not {LEAST_LANDLOCK_ABI}.",
            "Upgrade the kernel to 6.7 or later.",
        )
    return missing(
        "landlock",
        "The kernel does not offer Landlock to this process.",
        "Add `landlock` to the kernel's lsm= list (see /sys/kernel/security/lsm); in a container, allow "
        "landlock_create_ruleset, landlock_add_rule and landlock_restrict_self in its seccomp profile. "
        'Without it the level is "reduced" at most.',
    )


def _seccomp(host: Host) -> Finding:
    if host.seccomp_actions >= NEEDED_ACTIONS:
        return ok("seccomp", "Filters on system calls are there, with all actions needed.")
    return missing(
        "seccomp",
        "The kernel does not list the filter actions that a relay needs.",
        "Use a kernel with CONFIG_SECCOMP_FILTER, 4.14 or later.",
    )


def _locked_memory(host: Host, config: Config) -> Finding:
    wanted = config.relay.media_memory_mib * MIB
    if host.lockable_bytes is None or host.lockable_bytes >= wanted:
        return ok("locked memory", f"A relay may lock its {wanted // MIB} MiB for media.")
    told = f"A relay may lock {host.lockable_bytes // MIB} MiB of the {wanted // MIB} MiB it is to have"
    advice = (
        "Set LimitMEMLOCK=infinity in the systemd unit (or `ulimit -l`), or lower [relay] media_memory_mib."
    )
    if host.lockable_bytes < LEAST_ARENA:
        return missing("locked memory", f"{told}: too little for any media.", advice)
    return warning("locked memory", f"{told}: it takes less, and refuses tracks sooner.", advice)


def _user(host: Host, config: Config) -> Finding:
    if host.user == 0:
        return ok("user", f"Started as root; relays become user {config.relay.user}.")
    return ok("user", f"User {host.user}, who is the relays' user too: let nothing else run as this user.")


def _processes(host: Host) -> Finding:
    if host.hides_processes:
        if host.user != 0 and host.proc_group not in host.groups:
            return missing(
                "/proc",
                "Processes are hidden (hidepid), from this server too: it could not observe its relays.",
                "Mount /proc with gid= a group of the server's user, or start the server as root.",
                stops=True,
            )
        return ok("/proc", "Processes are hidden from other users, and the server sees its relays.")
    return warning(
        "/proc",
        "Other users of this machine can read the command line and status of relays.",
        "If there are other users: mount /proc with hidepid=invisible and gid= a group of the server's user.",
    )


def _swap(host: Host) -> Finding:
    if not host.swap_areas:
        return ok("swap", "There is none.")
    return warning(
        "swap",
        "There is swap. Media memory is locked against it; handshakes and data messages are not.",
        "Set MemorySwapMax=0 in the systemd unit, or `swapoff -a`. Swapped memory lowers the level.",
    )


def _cores(host: Host) -> Finding:
    if not host.core_pattern.startswith("|"):
        return ok("core dumps", "Relays make none, and no program is set to receive any.")
    return warning(
        "core dumps",
        "A program receives core dumps, which no limit stops. Relays are not dumpable; the server itself is.",
        "It holds keys, and no media. To be sure: sysctl kernel.core_pattern=core, and LimitCORE=0.",
    )


def _rings(host: Host) -> Finding:
    if host.rings_disabled is None:
        return ok("io_uring", "The kernel has no switch for it; relays close it for themselves.")
    words = {0: "open to everybody", 1: "open to one group", 2: "closed"}
    state = words.get(host.rings_disabled, "in an unknown state")
    return ok("io_uring", f"It is {state} here; relays close it for themselves.")


def _buffers(host: Host) -> Finding:
    sizes = [size for size in (host.receive_bytes, host.send_bytes) if size is not None]
    if host.user == 0 or (sizes and min(sizes) >= BUFFER):
        return ok("UDP buffers", "A burst to many participants fits.")
    told = f"at most {min(sizes) // 1024} KiB" if sizes else "of unknown size"
    return warning(
        "UDP buffers",
        f"They are {told}; a relay asks for {BUFFER // 1024} KiB, so that bursts lose no packet.",
        f"sysctl net.core.rmem_max={BUFFER} net.core.wmem_max={BUFFER}",
    )


def _kernel_log(host: Host) -> Finding:
    if host.kernel_log_readable:
        return ok("kernel log", "The call that a relay was killed for can be told.")
    return warning(
        "kernel log",
        'It cannot be read from here: the call that a relay was killed for is recorded as "unknown".',
        "Nothing need be done; on the machine itself `journalctl -k` has the call (type=1326).",
    )


def _clock(host: Host) -> Finding:
    if host.clock_synchronised is None or host.clock_synchronised:
        return ok("clock", "It is not known to be wrong.")
    return warning(
        "clock",
        "The kernel does not show it synchronised. Tokens and statements are valid for a stretch of time.",
        "Run a time service, such as systemd-timesyncd or chrony.",
    )


def check_configuration(config: Config, *, dev: bool) -> list[Finding]:
    """Whether it can be served with, and who will be able to use a camera."""
    try:
        check_usable(config, dev=dev)
        advertised(config)
    except ConfigError as error:
        return [missing("configuration", f"It cannot be served with: {error}.", "Change it so.", stops=True)]
    if dev or config.http.tls_certificate or config.http.public_url:
        return [ok("configuration", "It can be served with.")]
    return [
        warning(
            "configuration",
            "It names neither a certificate nor a public address; browsers want HTTPS to give a camera.",
            "Set http.tls_certificate and http.tls_key, or http.public_url for a proxy in front.",
        )
    ]
