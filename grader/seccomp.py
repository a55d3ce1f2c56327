"""Which system calls a box may make: those that computing needs, and no others.

What is not listed is refused: other processes' memory, new namespaces, the kernel's loaders and tracers,
watches on files, and memory that no limit counts. Some of what is listed is looked at more closely, because
two boxes could talk by it: a lock, a lease or a futex on a file that both can read is seen by both. Locks
are answered as if they had been taken, since there is nobody in a box to contend with. Times of files are
not set either: those of /dev/null are the machine's, and stay when the box is gone. A pipe has a number that
the kernel counts up for all, so a box that may start no other process, and needs none, gets none.
The filter is a program for the kernel's packet filter; the instructions are those of linux/filter.h and
linux/seccomp.h. Its jumps are a tree over ranges of numbers, so that each call costs a few steps.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_JUMP_IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # where struct seccomp_data holds them
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NEW = 424  # from here on numbers are the same everywhere, and a program expects that they may be missing

# Name, number on x86_64, number on aarch64; a dash where there is none.
SYSTEM_CALLS = """
read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, pwrite64 18 68, lseek 8 62, open 2 -
openat 257 56, creat 85 -, close 3 57, dup 32 23, dup2 33 -, dup3 292 24, pipe 22 -, pipe2 293 59
stat 4 -, fstat 5 80, lstat 6 -, newfstatat 262 79, statx 332 291, access 21 -, faccessat 269 48
faccessat2 439 439, readlink 89 -, readlinkat 267 78, getdents 78 -, getdents64 217 61, statfs 137 43
fstatfs 138 44, getcwd 79 17, chdir 80 49, fchdir 81 50, mkdir 83 -, mkdirat 258 34, rmdir 84 -, unlink 87 -
unlinkat 263 35, rename 82 -, renameat 264 38, renameat2 316 276, link 86 -, linkat 265 37, symlink 88 -
symlinkat 266 36, chmod 90 -, fchmod 91 52, fchmodat 268 53, umask 95 166, utime 132 -, utimes 235 -
utimensat 280 88, futimesat 261 -, truncate 76 45, ftruncate 77 46, fallocate 285 47, fsync 74 82
fdatasync 75 83, mmap 9 222, munmap 11 215, mprotect 10 226, mremap 25 216, msync 26 227, brk 12 214
rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigpending 127 136
rt_sigsuspend 130 133, rt_sigtimedwait 128 137, sigaltstack 131 132, kill 62 129, tkill 200 130
tgkill 234 131, pause 34 -, restart_syscall 219 128, select 23 -, pselect6 270 72, poll 7 -, ppoll 271 73
epoll_create 213 -, epoll_create1 291 20, epoll_ctl 233 21, epoll_wait 232 -, epoll_pwait 281 22
nanosleep 35 101, clock_nanosleep 230 115, clock_gettime 228 113, clock_getres 229 114
gettimeofday 96 169, time 201 -, alarm 37 -, getitimer 36 102, setitimer 38 103, times 100 153
getrusage 98 165, getrlimit 97 163, setrlimit 160 164, getpid 39 172, getppid 110 173, gettid 186 178
getpgrp 111 -, getpgid 121 155, getsid 124 156, setsid 112 157, setpgid 109 154, getuid 102 174
geteuid 107 175, getgid 104 176, getegid 108 177, getresuid 118 148, getresgid 120 150, getgroups 115 158
sched_yield 24 124, sched_getaffinity 204 123, sched_getscheduler 145 120, sched_getparam 143 121
sched_get_priority_max 146 125, sched_get_priority_min 147 126, getpriority 140 141, getcpu 309 168
set_robust_list 273 99, get_robust_list 274 100, rseq 334 293, getrandom 318 278, uname 63 160
wait4 61 260, waitid 247 95, exit 60 93, exit_group 231 94, close_range 436 436, recvfrom 45 207
shutdown 48 210, getsockname 51 204, getpeername 52 205, getsockopt 55 209, fcntl 72 25, flock 73 32
ioctl 16 29, prctl 157 167, prlimit64 302 261, futex 202 98, madvise 28 233, socketpair 53 199
sendto 44 206, clone 56 220, fork 57 -, vfork 58 -, getxattr 191 8, lgetxattr 192 9, fgetxattr 193 10
listxattr 194 11, llistxattr 195 12, flistxattr 196 13
"""
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_FCNTL = (0, 1, 2, 3, 4, 1030)  # copies of a descriptor, and its flags
_FCNTL_LOCKS = (6, 7, 37, 38)  # F_SETLK, F_SETLKW and the same for open file descriptions
_IOCTL = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
_PRCTL = (3, 15, 16)  # PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME
_MADVISE = (0, 1, 2, 3, 4, 8, 14, 15, 16, 17)  # none that pushes a shared page out of memory
_FUTEX_PRIVATE = 128
_UNIX = 1  # AF_UNIX
_NEW_NAMESPACES = 0x7E02_0000 | 0x80  # CLONE_NEW*; the last is CLONE_NEWTIME

Program = list[tuple[int, int, int, int]]  # code, value, jump if true, jump if false


def _give(value: int) -> Program:
    return [(_RETURN, value, 0, 0)]


def _refuse(error: int) -> Program:
    return _give(_ERROR | error)


_PRETEND = _refuse(0)  # an error of 0 is a success


def _argument(position: int, *, upper: bool = False) -> tuple[int, int, int, int]:
    return (_LOAD, _ARGUMENTS + 8 * position + 4 * upper, 0, 0)


def _one_of(position: int, values: Iterable[int], chosen: Program, others: Program) -> Program:
    """Whether an argument is among these values; both answers are one instruction."""
    tests = [step for value in values for step in ((_JUMP_IF_EQUAL, value, 0, 1), chosen[0])]
    return [_argument(position), *tests, *others]


def _bits(position: int, mask: int, any_set: Program, none_set: Program) -> Program:
    return [_argument(position), (_JUMP_IF_ANY_BIT, mask, 0, 1), *any_set, *none_set]


def _is_zero(position: int) -> Program:
    """Allows the call where all 64 bits of an argument are 0."""
    half = (_JUMP_IF_EQUAL, 0, 1, 0)
    refuse = _refuse(errno.EPERM)[0]
    return [_argument(position), half, refuse, _argument(position, upper=True), half, refuse, *_give(_ALLOW)]


def _looked_at(*, processes: bool) -> dict[str, Program]:
    """The calls whose arguments decide, and those that are answered without being made."""
    allow, refuse, not_supported = _give(_ALLOW), _refuse(errno.EPERM), _refuse(errno.EOPNOTSUPP)
    extended = ("getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr")
    fork = _refuse(errno.EAGAIN)
    clone = _bits(0, _NEW_NAMESPACES, refuse, allow) if processes else fork
    lines = allow if processes else refuse
    locks = [step for value in _FCNTL_LOCKS for step in ((_JUMP_IF_EQUAL, value, 0, 1), _PRETEND[0])]
    return {
        **dict.fromkeys(("flock", "utime", "utimes", "utimensat", "futimesat"), _PRETEND),
        "fcntl": [*_one_of(1, _FCNTL, allow, []), *locks, *refuse],
        "ioctl": _one_of(1, _IOCTL, allow, _refuse(errno.ENOTTY)),
        "prctl": _one_of(0, _PRCTL, allow, refuse),
        "prlimit64": _is_zero(0),
        "futex": _bits(1, _FUTEX_PRIVATE, allow, _refuse(errno.EAGAIN)),
        "madvise": _one_of(2, _MADVISE, allow, _refuse(errno.EINVAL)),
        "socketpair": _one_of(0, (_UNIX,), lines, refuse),
        **dict.fromkeys(("pipe", "pipe2"), lines),
        "sendto": _is_zero(4),
        "clone": clone,
        **dict.fromkeys(("fork", "vfork"), allow if processes else fork),
        **dict.fromkeys(extended, not_supported),
    }


@dataclass(frozen=True)
class Machine:
    """How the kernel names an architecture, and the numbers of the system calls that a box may make."""

    audit: int
    calls: Mapping[str, int]


def _machines() -> dict[str, Machine]:
    rows = [row.split() for line in SYSTEM_CALLS.strip().splitlines() for row in line.split(", ")]
    return {
        name: Machine(audit, {row[0]: int(row[column]) for row in rows if row[column] != "-"})
        for column, (name, audit) in enumerate(_AUDIT.items(), start=1)
    }


MACHINES = _machines()


def filter_program(machine: str | None = None, *, processes: bool = False) -> bytes | None:
    """The filter for this machine, or None for one whose system calls are not listed here.

    `processes` says whether the box may start any besides its first.
    """
    known = MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    program: Program = [
        (_LOAD, _ARCHITECTURE, 0, 0),
        (_JUMP_IF_EQUAL, known.audit, 1, 0),
        (_RETURN, _KILL, 0, 0),
        (_LOAD, _NUMBER, 0, 0),
        *_tree(_ranges(known.calls, _looked_at(processes=processes))),
    ]
    return b"".join(struct.pack("<HBBI", code, yes, no, value) for code, value, yes, no in program)


def _ranges(calls: Mapping[str, int], looked_at: Mapping[str, Program]) -> list[tuple[int, Program]]:
    """First numbers of ranges that are answered alike, with the answer."""
    answers = {number: looked_at.get(name, _give(_ALLOW)) for name, number in calls.items()}
    ranges: list[tuple[int, Program]] = []
    for number in range(max(*calls.values(), _NEW) + 2):
        unlisted = _refuse(errno.ENOSYS if number >= _NEW else errno.EPERM)
        answer = answers.get(number, unlisted)
        if not ranges or ranges[-1][1] != answer:
            ranges.append((number, answer))
    return ranges


def _tree(ranges: list[tuple[int, Program]]) -> Program:
    """Finds the range of the number by halving."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _tree(ranges[:middle]), _tree(ranges[middle:])
    if len(below) <= 255:
        return [(_JUMP_IF_AT_LEAST, ranges[middle][0], len(below), 0), *below, *above]
    jump = (0x05, len(below), 0, 0)  # BPF_JMP | BPF_JA, whose offset may be longer
    return [(_JUMP_IF_AT_LEAST, ranges[middle][0], 0, 1), jump, *below, *above]
