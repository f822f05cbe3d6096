"""Every sentence of a statement, in plain words that promise no more than was observed. PURE."""

from __future__ import annotations

from server.control.messages import Level

SAYS = {
    Level.FULL: (
        "Recording is blocked on this server: the processes that forward audio and video can write "
        "nothing. Participants can still record. A modified server could lie."
    ),
    Level.REDUCED: (
        "Recording is blocked on this server by fewer layers than usual: the file-system lock is not "
        "available here. Participants can still record. A modified server could lie."
    ),
    Level.NONE: "Nothing is guaranteed right now: this server does not show that recording is blocked.",
}

SOFTWARE_CHANGED = (
    "The server's files have changed on disk since it started: the digests are those of the start, and a "
    "relay that was replaced since then may run other code."
)

DOES_NOT_PROVE = (
    "that participants do not record: their devices can",
    "that this server runs unmodified software: this is the operator's own claim, and a modified server "
    "could lie, this statement included",
    "anything about the machine's owner: root, the hypervisor or a network tap are outside of it",
    "anything about code that ran before the lock was set",
    "that nothing of a handshake or a data message stays in memory that cannot be wiped: it does until the "
    "relay is replaced, after its last room; packets are wiped at once",
    "that media stays away from an address that a participant was invited from",
)

WITHOUT_FIREWALL = "media could leave to strangers if a relay were taken over"
"""Not proven unless the host measure is read back from the kernel."""

ENCRYPTION_DECLARED = (
    "that what is sent in this room is encrypted end to end: it must be declared, and the payloads "
    "themselves cannot be verified by the server"
)

NO_RELAY = "No relay is serving, so there is nothing to rely on."
CLAIMED_LESS = "The relay itself claims a lower level than its checks would allow."

REASONS = {
    "seccomp": "The kernel does not show all of the filters on system calls.",
    "every_thread_locked": "The kernel does not show the lock on every thread.",
    "no_new_privileges": "The kernel does not show that the relay can gain no privileges.",
    "no_capabilities": "The relay is not shown to be without capabilities.",
    "unprivileged_user": "The relay is not shown to run as an ordinary user.",
    "no_file_can_grow": "The limit that lets no file grow is not shown.",
    "no_core_dump": "The limit that lets no memory be dumped is not shown.",
    "no_message_queue": "The limit that lets the relay use no message queue is not shown.",
    "no_further_thread": "The relay is not shown to have only the threads that it needs.",
    "not_traced": "The relay is not shown to be free of a debugger.",
    "memory_not_readable": "The relay's memory is not shown to be closed to other processes of its user.",
    "not_swapped": "The relay's memory is not shown to stay out of swap.",
    "media_memory_locked": "The memory for media is not shown to be locked.",
    "one_thread_when_locked": "The relay is not shown to have had a single thread when it was locked.",
    "no_writable_file": "The relay is not shown to be without a writable file.",
    "no_unexpected_descriptor": "The relay is not shown to hold only the descriptors it was born with.",
    "no_io_uring": "The relay is not shown to be without a ring that would pass the filters by.",
    "no_shared_writable_memory": "The relay is not shown to be without memory shared with others.",
    "no_writable_code": "The relay is not shown to be without code that it could change.",
    "no_media_library": "The relay is not shown to be without a library that can decode or record.",
    "no_other_process": "The relay is not shown to be without other processes that it started.",
    "landlock": "The file-system lock (Landlock) is not available or too old.",
    "write_refused_by_landlock": "The file-system lock was not seen to refuse a write.",
    "filters_as_counted_by_kernel": "The filters that the relay claims are not those that the kernel counts.",
    "media_memory_fixed": "The relay does not report that its memory for media is fixed.",
    "opening_refused_again": "The relay has not shown lately that opening a file is refused.",
    "connecting_refused_again": "The relay has not shown lately that connecting elsewhere is refused.",
    "own_status_unchanged": "The relay has not shown lately that its lock is unchanged.",
}


def reason(check: str) -> str:
    """Why a check that is not held makes the level lower."""
    return REASONS.get(check, f"{check.replace('_', ' ').capitalize()} is not shown.")
