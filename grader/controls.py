"""Control groups: a bound on what a box takes as a whole, kernel memory included, where the system offers it.

Limits on a process do not count what the kernel keeps for it. A control group does, but making one needs a
folder under /sys/fs/cgroup that this user may write to: root has it, and so has `systemd-run --user --scope
-p Delegate=yes grader ...`. Elsewhere there is none, and the other limits stand alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from grader.box import MEGABYTE, Limits

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
PREFIX = "grader-"
OURSELVES = "grader"  # where we move, below our own group
KERNEL_BYTES = 64 * MEGABYTE  # page tables, pipes, inodes


class ControlGroups:
    """Makes groups below our own, one for each box that is open, and uses them again."""

    def __init__(self, limits: Limits, root: Path = ROOT, membership: Path = MEMBERSHIP) -> None:
        memory = limits.memory_bytes + limits.temporary_bytes + KERNEL_BYTES
        self.values = {
            "memory.max": str(memory),
            "memory.swap.max": "0",
            "memory.limit_in_bytes": str(memory),  # its name in the first version
        }
        if limits.processes:  # else the filter on system calls refuses every fork, at no cost a box
            self.values["pids.max"] = str(limits.processes + 1)
        self.places = list(own_places(root, membership))
        self.free: list[list[Path]] = []
        self.made = 0
        self._sweep()
        with suppress(OSError):
            self.free.append(self._make())
        self.offered = sorted({path.name for group in self.free for path in self._limits(group)})

    def enclose(self, descriptor: int) -> list[Path] | None:
        """Puts a process into a group, before it does anything; None where there is no group to be had."""
        if not self.offered:
            return None
        try:
            group = self.free.pop() if self.free else self._make()
            for folder in group:
                (folder / "cgroup.procs").write_text(str(process_of(descriptor)))
        except OSError:
            return None
        return group

    def release(self, group: list[Path] | None) -> None:
        """Takes a group back whose processes have ended."""
        if group is not None:
            self.free.append(group)

    def close(self) -> None:
        """Removes the groups; no box may be open any more."""
        for group in self.free:
            _remove(group)
        self.free.clear()

    def _make(self) -> list[Path]:
        """A new group, as a folder in each hierarchy; only those that limit something are kept."""
        self.made += 1
        name = f"{PREFIX}{os.getpid()}-{id(self):x}-{self.made}"
        group = [place / name for place in self.places]
        for folder in group:
            folder.mkdir(exist_ok=True)
        useful = [folder for folder in group if self._limits([folder])]
        _remove([folder for folder in group if folder not in useful])
        for path in self._limits(useful):
            path.write_text(self.values[path.name])
        return useful

    def _limits(self, group: list[Path]) -> list[Path]:
        return [folder / name for folder in group for name in self.values if (folder / name).exists()]

    def _sweep(self) -> None:
        """Removes what graders left that were killed."""
        for place in self.places:
            for folder in place.glob(f"{PREFIX}*-*-*"):
                owner = folder.name.split("-")[1]
                if owner.isdigit() and not Path("/proc", owner).exists():
                    _remove([folder])


def _remove(group: list[Path]) -> None:
    for folder in group:
        with suppress(OSError):
            folder.rmdir()


def process_of(descriptor: int) -> int:
    """The id of the process that a descriptor stands for, as we see it."""
    lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pid:"))


def own_places(root: Path, membership: Path) -> Iterator[Path]:
    """The folders of our own group that we may write to, in each hierarchy with limits that we want."""
    if not membership.exists():
        return
    for line in membership.read_text().splitlines():
        number, names, path = line.split(":", 2)
        if number == "0":
            place = delegated(root / path.lstrip("/"))
        elif {"memory", "pids"} & set(names.split(",")):
            place = root / names / path.lstrip("/")
        else:
            continue
        if place.is_dir() and os.access(place, os.W_OK):
            yield place


def delegated(place: Path) -> Path:
    """Our group in the second version, where the limits are handed on to groups below it.

    The kernel hands them on only where the group itself holds no process; so where it holds us alone, as one
    that systemd made for us does, we move one below. Whoever starts from there, as clerks do, finds it so.
    """
    with suppress(OSError):
        if place.name == OURSELVES and not _lacks(place.parent):
            return place.parent
        if (wanted := _lacks(place)) and _is_ours_alone(place):
            ourselves = place / OURSELVES
            ourselves.mkdir(exist_ok=True)
            (ourselves / "cgroup.procs").write_text(str(os.getpid()))
            handed_on = place / "cgroup.subtree_control"
            handed_on.write_text(" ".join(f"+{name}" for name in sorted(wanted)))
    return place


def _lacks(place: Path) -> set[str]:
    """The limits that a group has, and does not hand on."""
    wanted = {"memory", "pids"} & set((place / "cgroup.controllers").read_text().split())
    return wanted - set((place / "cgroup.subtree_control").read_text().split())


def _is_ours_alone(place: Path) -> bool:
    return (place / "cgroup.procs").read_text().split() == [str(os.getpid())]
