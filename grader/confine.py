"""Inside the sandbox: how a process is born into namespaces of its own, and gives up what it does not need.

Nothing here knows a student. `born` is a fork whose child is process 1 of a new world; `furnish` gives that
world a /tmp with an end and takes /proc away; `renounce` drops what is left of privileges and puts the
filter on system calls in force. All of it asks the kernel directly, because Python has no words for it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal

_CLONE = {"x86_64": 56, "aarch64": 220}
_NAMESPACES = 0x7E02_0000  # of mounts, cgroups, host names, message queues, users, processes, networks
_PIDFD = 0x1000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXECUTION = 1, 2, 4, 8
_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_DROP_FROM_BOUND, _AMBIENT, _CLEAR_ALL = 24, 47, 4
_CAPABILITY_VERSION = 0x2008_0522

# PyDLL keeps the interpreter's lock during a call: what comes back from a clone holds it, as after a fork.
_libc = ctypes.PyDLL(None, use_errno=True)


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def can_bear() -> bool:
    """Whether the number of the system call is known for this machine."""
    return platform.machine() in _CLONE


def born() -> tuple[int, int]:
    """Like os.fork, into new namespaces: in the parent the child's id and a descriptor of it, else (0, -1).

    Only for a process with a single thread.
    """
    descriptor = ctypes.c_int(-1)
    flags = ctypes.c_ulong(_NAMESPACES | _PIDFD | signal.SIGCHLD)
    ctypes.pythonapi.PyOS_BeforeFork()
    child = _libc.syscall(_CLONE[platform.machine()], flags, None, ctypes.byref(descriptor), None, None)
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0, -1
    number = ctypes.get_errno()
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if child < 0:
        raise OSError(number, f"a process in namespaces of its own: {os.strerror(number)}")
    return child, descriptor.value


def settle(user: int, group: int) -> None:
    """Gives a process that was born its user and group back, under the same numbers as in the parent."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def furnish(temporary_bytes: int, files: int, hidden: list[str]) -> None:
    """A /tmp and a /dev/shm of our own, with room for so much; empty folders over the hidden."""
    flags = _NO_SUID | _NO_DEVICES
    _mount("/tmp", flags, f"size={temporary_bytes},nr_inodes={files},mode=0700")
    _mount("/dev/shm", flags, f"size={1 << 20},nr_inodes=64,mode=0700")
    for folder in hidden:
        _mount(folder, flags | _READ_ONLY | _NO_EXECUTION, "size=4096,nr_inodes=2,mode=0555")


def _mount(target: str, flags: int, options: str) -> None:
    result = _libc.mount(b"none", target.encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode())
    _checked(result, f"a file system in memory at {target}")


def renounce(program: bytes) -> None:
    """Drops every capability, also for what may be started, and installs the filter, where there is one."""
    capability = 0
    while _libc.prctl(_DROP_FROM_BOUND, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1
    _libc.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "giving up capabilities")
    _checked(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "giving up new privileges")
    if program:
        filter_program = _FilterProgram(len(program) // 8, program)
        result = _libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(filter_program), 0, 0)
        _checked(result, "the filter on system calls")
