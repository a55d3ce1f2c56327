"""Control groups, on a folder that looks like the kernel's, and on the kernel's own where this user may."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.box import Box, BoxDied, Limits, PipeBox
from grader.bubblewrap import Bubblewrap
from grader.controls import ControlGroups, own_places
from grader.warm import Enclosed

from .test_box import process_of


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A group of the second version that systemd made for us alone, with a file that says which is ours."""
    place = tmp_path / "user.slice" / "ours"
    place.mkdir(parents=True)
    (tmp_path / "membership").write_text("0::/user.slice/ours\n")
    (place / "cgroup.controllers").write_text("cpu memory pids\n")
    (place / "cgroup.subtree_control").write_text("\n")
    (place / "cgroup.procs").write_text(f"{os.getpid()}\n")
    return tmp_path


def test_a_group_of_our_own_hands_its_limits_on(tree: Path) -> None:
    """We move one below, because the kernel lets a group either hold processes or limit groups below it."""
    (place,) = own_places(tree, tree / "membership")
    assert (place / "grader" / "cgroup.procs").read_text() == str(os.getpid())
    assert (place / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_who_is_started_by_one_that_moved_makes_groups_beside_it(tree: Path) -> None:
    """A group that holds processes hands no limits on, so below it boxes would have none."""
    place = tree / "user.slice" / "ours"
    (place / "cgroup.subtree_control").write_text("memory pids\n")
    (place / "grader").mkdir()
    for name in ("cgroup.controllers", "cgroup.procs"):
        (place / "grader" / name).write_text((place / name).read_text())
    (place / "grader" / "cgroup.subtree_control").write_text("\n")
    (tree / "membership").write_text("0::/user.slice/ours/grader\n")
    assert list(own_places(tree, tree / "membership")) == [place]
    assert not (place / "grader" / "grader").exists()


def test_a_group_with_others_in_it_is_left_alone(tree: Path) -> None:
    """Other people's processes are not moved about."""
    place = tree / "user.slice" / "ours"
    (place / "cgroup.procs").write_text(f"{os.getpid()}\n1\n")
    assert list(own_places(tree, tree / "membership")) == [place]
    assert not (place / "grader").exists()


def test_without_a_group_to_be_had_boxes_go_on(tmp_path: Path) -> None:
    """Neither a machine without any nor one that keeps them to itself is an error."""
    for membership in ("", "0::/not/there\n", "4:memory:/not/there\n"):
        (tmp_path / "membership").write_text(membership)
        groups = ControlGroups(Limits(), tmp_path, tmp_path / "membership")
        assert groups.offered == []
        assert groups.enclose(0) is None
        groups.close()


OFFERED = bool(list(own_places(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))))


@pytest.mark.bubblewrap
@pytest.mark.skipif(not OFFERED, reason="this user may make no control group here")
def test_each_box_is_in_a_group_of_its_own_that_is_used_again() -> None:
    """While it is open, its process is alone there; when the sandbox closes, the groups are gone."""
    with Bubblewrap() as sandbox:
        assert any("memory" in name for name in sandbox.groups.offered)
        with sandbox.open("ada") as one, sandbox.open("emmy") as other:
            groups = [group_of(each) for each in (one, other)]
            assert not {*groups[0]} & {*groups[1]}
            for box, group in zip((one, other), groups, strict=True):
                for folder in group:
                    assert (folder / "cgroup.procs").read_text().split() == [str(process_of(box))]
        made = sandbox.groups.made
        for _ in range(5):
            with sandbox.open("ada"):
                pass
        assert sandbox.groups.made == made
        folders = [folder for group in sandbox.groups.free for folder in group]
    assert folders
    assert not [folder for folder in folders if folder.exists()]


@pytest.mark.bubblewrap
@pytest.mark.skipif(not OFFERED, reason="this user may make no control group here")
def test_processes_of_one_box_share_one_bound_on_memory() -> None:
    """Each alone stays within its own limit; together they would take four times what the box may."""
    source = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        held = bytearray(150_000_000)
        held[::4096] = bytes(len(held[::4096]))
        time.sleep(1000)
os.waitstatus_to_exitcode(os.wait()[1])
"""
    with (
        Bubblewrap(Limits(processes=4, memory_bytes=250 << 20, step_seconds=60.0)) as sandbox,
        sandbox.open("ada") as box,
    ):
        try:
            killed = "-9" in str(box.ask({"operation": "run", "source": source})["output"])
        except BoxDied:
            killed = True
    assert killed


def group_of(box: Box) -> list[Path]:
    assert isinstance(box, PipeBox)
    assert isinstance(box.life, Enclosed)
    assert box.life.group
    return box.life.group
