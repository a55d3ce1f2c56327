"""Which system calls a box may not make: those that reach into the kernel, or take memory that no limit
counts.

Shared memory segments and message queues outlive the mapping that a limit on memory counts, so that a
process could fill the machine with them. The filter is a program for the kernel's packet filter, as
bubblewrap takes it; the instructions are those of linux/filter.h and linux/seccomp.h.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_NUMBER, _ARCHITECTURE = 0, 4  # where struct seccomp_data holds them
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000  # numbers of the x32 interface, which would go around the list


@dataclass(frozen=True)
class Machine:
    """How the kernel names an architecture, and the numbers of its system calls."""

    audit: int
    refused: dict[str, int]


MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        {
            "shmget": 29,
            "semget": 64,
            "msgget": 68,
            "ptrace": 101,
            "mount": 165,
            "mq_open": 240,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "unshare": 272,
            "perf_event_open": 298,
            "setns": 308,
            "memfd_create": 319,
            "bpf": 321,
            "userfaultfd": 323,
            "io_uring_setup": 425,
            "memfd_secret": 447,
        },
    ),
    "aarch64": Machine(
        0xC00000B7,
        {
            "mount": 40,
            "unshare": 97,
            "ptrace": 117,
            "mq_open": 180,
            "msgget": 186,
            "semget": 190,
            "shmget": 194,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "perf_event_open": 241,
            "setns": 268,
            "memfd_create": 279,
            "bpf": 280,
            "userfaultfd": 282,
            "io_uring_setup": 425,
            "memfd_secret": 447,
        },
    ),
}


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def filter_program(machine: str | None = None) -> bytes | None:
    """The filter for this machine, or None for one whose system calls are not listed here."""
    known = MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    numbers = sorted(known.refused.values())
    program = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_JUMP_IF_EQUAL, known.audit, if_true=1),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
        _instruction(_JUMP_IF_AT_LEAST, _X32, if_true=len(numbers) + 1),
    ]
    for position, number in enumerate(numbers):
        program.append(_instruction(_JUMP_IF_EQUAL, number, if_true=len(numbers) - position))
    program.append(_instruction(_RETURN, _ALLOW))
    program.append(_instruction(_RETURN, _ERROR | errno.EPERM))
    return b"".join(program)
