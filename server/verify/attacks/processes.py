"""Other processes: starting them, and reaching into those that exist."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import subprocess
from pathlib import Path

from server.verify import kernel
from server.verify.attack import YES, Accomplice, Group, Namespace, Scene, attack, looted, said_yes

_ATTACH, _DETACH, _POKE = 16, 17, 5
_READ_WRITE_EXECUTE = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC


def _accomplice(scene: Scene) -> Accomplice:
    assert scene.accomplice is not None, "the attack wants one"
    return scene.accomplice


def _poisoned(scene: Scene) -> bool:
    """The marker is in the accomplice's memory."""
    accomplice = _accomplice(scene)
    try:
        with Path(f"/proc/{accomplice.pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(accomplice.address)
            return scene.marker in memory.read(Accomplice.SIZE)
    except OSError:
        return False


@attack(Group.PROCESSES, looted)
def fork_a_writer(scene: Scene) -> None:
    child = os.fork()
    if child == 0:
        scene.loot.write_bytes(scene.marker)
        os._exit(0)
    os.waitpid(child, 0)


@attack(Group.PROCESSES, looted)
def start_a_program(scene: Scene) -> None:
    with scene.loot.open("wb") as file:
        subprocess.run(["/bin/echo", scene.text], stdout=file, check=True)  # noqa: S603 - the attack


@attack(Group.PROCESSES, looted)
def feed_a_program(scene: Scene) -> None:
    command = ["/usr/bin/tee", str(scene.loot)]
    subprocess.run(command, input=scene.marker, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - the attack


@attack(Group.PROCESSES, looted)
def become_a_program(scene: Scene) -> None:
    script = ['printf %s "$1" > "$2"', "sh", scene.text, str(scene.loot)]
    os.execv("/bin/sh", ["sh", "-c", *script])  # noqa: S606 - the attack


@attack(Group.PROCESSES, _poisoned, wants_accomplice=True)
def trace_another_process(scene: Scene) -> None:
    accomplice = _accomplice(scene)
    kernel.libc("ptrace", _ATTACH, accomplice.pid, 0, 0)
    os.waitpid(accomplice.pid, 0x40000000)  # __WALL
    for offset in range(0, len(scene.marker), 8):
        word = int.from_bytes(scene.marker[offset : offset + 8], "little")
        kernel.libc("ptrace", _POKE, accomplice.pid, accomplice.address + offset, word)
    kernel.libc("ptrace", _DETACH, accomplice.pid, 0, 0)


class _Range(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@attack(Group.PROCESSES, _poisoned, wants_accomplice=True)
def write_into_another_process(scene: Scene) -> None:
    accomplice = _accomplice(scene)
    data = ctypes.create_string_buffer(scene.marker, len(scene.marker))
    ours = _Range(ctypes.addressof(data), len(scene.marker))
    theirs = _Range(accomplice.address, len(scene.marker))
    function = ctypes.CDLL(None, use_errno=True).process_vm_writev
    function.restype = ctypes.c_ssize_t
    function(accomplice.pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)


@attack(Group.PROCESSES, _poisoned, wants_accomplice=True)
def write_to_the_memory_file_of_another_process(scene: Scene) -> None:
    accomplice = _accomplice(scene)
    descriptor = os.open(f"/proc/{accomplice.pid}/mem", os.O_RDWR)
    os.pwrite(descriptor, scene.marker, accomplice.address)


@attack(Group.PROCESSES, looted, wants_accomplice=True)
def take_a_descriptor_of_another_process(scene: Scene) -> None:
    accomplice = _accomplice(scene)
    process = os.pidfd_open(accomplice.pid)
    descriptor = kernel.syscall(kernel.PIDFD_GETFD, process, accomplice.descriptor, 0)
    os.write(descriptor, scene.marker)


def _signal_pending(scene: Scene) -> bool:
    """The accomplice holds this signal back, so that it stays to be seen."""
    status = Path(f"/proc/{_accomplice(scene).pid}/status").read_text()
    pending = next(line for line in status.splitlines() if line.startswith("ShdPnd"))
    return bool(int(pending.split()[1], 16) >> (signal.SIGUSR1 - 1) & 1)


@attack(Group.PROCESSES, _signal_pending, wants_accomplice=True)
def data_in_signals(scene: Scene) -> None:
    os.kill(_accomplice(scene).pid, signal.SIGUSR1)


def _other_namespace(scene: Scene) -> bool:
    ours = Path("/proc/self/ns/user").readlink()
    try:
        return Path(f"/proc/{scene.pid}/ns/user").readlink() != ours
    except OSError:
        return False


@attack(Group.PROCESSES, _other_namespace)
def become_root_in_a_namespace(_scene: Scene) -> None:
    kernel.libc("unshare", kernel.CLONE_NEWUSER)


def _mounted(scene: Scene) -> bool:
    return str(scene.directory) in Path("/proc/self/mounts").read_text()


@attack(Group.PROCESSES, _mounted, needs=(Namespace.MOUNT,))
def mount_a_file_system(scene: Scene) -> None:
    kernel.mount("loot", str(scene.directory), "tmpfs", 0)


def _other_root(scene: Scene) -> bool:
    try:
        return Path(f"/proc/{scene.pid}/root").readlink() == scene.directory
    except OSError:
        return False


@attack(Group.PROCESSES, _other_root, needs=(Namespace.MOUNT,))
def change_the_root(scene: Scene) -> None:
    os.chroot(scene.directory)


@attack(Group.PROCESSES, said_yes)
def become_dumpable_again(_scene: Scene) -> bytes | None:
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    return YES if kernel.prctl(kernel.PR_GET_DUMPABLE) == 1 else None


@attack(Group.PROCESSES, said_yes)
def make_new_code(_scene: Scene) -> bytes:
    with mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, _READ_WRITE_EXECUTE):
        return YES


def _page(scene: Scene) -> None:
    size = mmap.PAGESIZE
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    scene.numbers["page"] = kernel.libc("mmap", 0, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)


@attack(Group.PROCESSES, said_yes, prepare=_page)
def turn_data_into_code(scene: Scene) -> bytes:
    kernel.libc("mprotect", scene.numbers["page"], mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)
    return YES


_CREATE_BY_OLD_CALL = bytes.fromhex(
    "53"  # push rbx, which the caller wants back
    "89fb"  # mov ebx, edi: the path
    "b9b6010000"  # mov ecx, 0666
    "b808000000"  # mov eax, 8: creat in the 32-bit table
    "cd80"  # int 0x80
    "5b"  # pop rbx
    "c3"  # ret
)
_LOW = 0x40  # MAP_32BIT: the old calls take addresses of 32 bits


def _old_call(scene: Scene) -> None:
    """Code from before the lock that calls the kernel by its 32-bit entry."""
    if not kernel.X86_64:
        raise OSError("there is no 32-bit entry on this architecture")
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _LOW
    page = kernel.libc("mmap", 0, mmap.PAGESIZE, _READ_WRITE_EXECUTE, flags, -1, 0)
    path = bytes(scene.loot) + b"\0"
    ctypes.memmove(page, _CREATE_BY_OLD_CALL, len(_CREATE_BY_OLD_CALL))
    ctypes.memmove(page + 1024, path, len(path))
    scene.numbers["code"] = page


@attack(Group.PROCESSES, lambda scene: scene.loot.exists(), prepare=_old_call)
def create_file_by_the_32_bit_entry(scene: Scene) -> None:
    page = scene.numbers["code"]
    ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_uint)(page)(page + 1024)


def _core_goes_to_a_file(_scene: Scene) -> None:
    """Where a program receives cores, a crash would make the host run it: not tried."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if not pattern or pattern.startswith("|") or "/" in pattern:
        raise OSError("cores of this host do not go to the working directory")


def _cored(scene: Scene) -> bool:
    return any(path.name.startswith("core") for path in scene.directory.iterdir())


def _allow_cores(_scene: Scene) -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@attack(Group.PROCESSES, _cored, stage=_core_goes_to_a_file, prepare=_allow_cores)
def crash_for_a_core_file(_scene: Scene) -> None:
    ctypes.string_at(0)
