"""Interfaces of the kernel that reach past a process: rings, programs, counters, its log.

Nothing here changes the machine: what is made dies with the disposable process.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct

from server.verify import kernel
from server.verify.attack import YES, Group, Namespace, Scene, attack, said_yes

_BPF_MAP_CREATE = 0
_BPF_MAP_TYPE_ARRAY = 2
_SYSLOG_READ_ALL = 3
_MERGEABLE, _DODUMP, _PAGEOUT = 12, 17, 21
_FAN_CLASS_NOTIF = 0
_FAN_REPORT_FID = 0x200


@attack(Group.MACHINE, said_yes)
def set_up_a_ring(scene: Scene) -> bytes:
    parameters = ctypes.create_string_buffer(120)
    scene.descriptors["ring"] = kernel.syscall(kernel.IO_URING_SETUP, 4, parameters)
    return YES


@attack(Group.MACHINE, said_yes)
def make_a_bpf_map(scene: Scene) -> bytes:
    wanted = ctypes.create_string_buffer(struct.pack("IIII", _BPF_MAP_TYPE_ARRAY, 4, 64, 1), 128)
    scene.descriptors["map"] = kernel.syscall(kernel.BPF, _BPF_MAP_CREATE, wanted, 128)
    return YES


@attack(Group.MACHINE, said_yes)
def open_a_performance_counter(scene: Scene) -> bytes:
    software_clock = ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 0), 112)
    scene.descriptors["counter"] = kernel.syscall(kernel.PERF_EVENT_OPEN, software_clock, 0, -1, -1, 0)
    return YES


@attack(Group.MACHINE, said_yes)
def handle_page_faults(scene: Scene) -> bytes:
    scene.descriptors["faults"] = kernel.syscall(kernel.USERFAULTFD, os.O_CLOEXEC | 1)
    return YES


@attack(Group.MACHINE, said_yes)
def watch_the_file_system(scene: Scene) -> bytes:
    scene.descriptors["watch"] = kernel.libc("fanotify_init", _FAN_CLASS_NOTIF | _FAN_REPORT_FID, 0)
    return YES


@attack(Group.MACHINE, said_yes)
def read_the_kernel_log(_scene: Scene) -> bytes:
    buffer = ctypes.create_string_buffer(4096)
    kernel.libc("klogctl", _SYSLOG_READ_ALL, buffer, 4096)
    return YES


@attack(Group.MACHINE, said_yes, needs=(Namespace.HOST_NAME,))
def data_in_the_host_name(scene: Scene) -> bytes | None:
    kernel.libc("sethostname", scene.marker, len(scene.marker))
    return YES if os.uname().nodename == scene.text else None


def _page(scene: Scene) -> None:
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    size = mmap.PAGESIZE
    scene.numbers["page"] = kernel.libc("mmap", 0, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)


def _advise(scene: Scene, advice: int) -> bytes:
    kernel.libc("madvise", scene.numbers["page"], mmap.PAGESIZE, advice)
    return YES


@attack(Group.MACHINE, said_yes, prepare=_page)
def share_pages_with_strangers(scene: Scene) -> bytes:
    return _advise(scene, _MERGEABLE)


@attack(Group.MACHINE, said_yes, prepare=_page)
def put_memory_into_core_files(scene: Scene) -> bytes:
    return _advise(scene, _DODUMP)


def _locked_page(scene: Scene) -> None:
    _page(scene)
    kernel.libc("mlock", scene.numbers["page"], mmap.PAGESIZE)


@attack(Group.MACHINE, said_yes, prepare=_locked_page)
def let_locked_memory_be_swapped(scene: Scene) -> bytes:
    kernel.libc("munlock", scene.numbers["page"], mmap.PAGESIZE)
    return YES


@attack(Group.MACHINE, said_yes, prepare=_page)
def push_memory_into_swap(scene: Scene) -> bytes:
    return _advise(scene, _PAGEOUT)
