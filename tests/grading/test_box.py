"""The box itself: what is in it, what is not, what it may take, and that all of it ends with it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from grader import bubblewrap, controls
from grader.box import Box, BoxDied, BoxTimeout, Limits, PipeBox, Sandbox, SandboxUnavailable
from grader.bubblewrap import Bubblewrap
from grader.examination import Examination, SandboxExaminer
from grader.job import CodeCell, Job, Outcome
from grader.patience import awake
from grader.seccomp import MACHINES, filter_program
from grader.unprotected import Unprotected
from grader.values import Call, Failure, Get, Probe, Value
from grader.warm import Descriptor, Enclosed, Nursery
from layercost.message import Message

pytestmark = pytest.mark.bubblewrap

LIMITS = Limits(step_seconds=6.0, total_seconds=60.0)


@pytest.fixture(scope="module")
def boxes() -> Iterator[Sandbox]:
    with Bubblewrap(LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def box(boxes: Sandbox) -> Iterator[Box]:
    with boxes.open("ada") as box:
        yield box


def examine(
    sandbox: Sandbox,
    cells: Sequence[CodeCell],
    probes: Mapping[str, Sequence[Probe]],
    answered_in: Mapping[str, str],
) -> Outcome:
    """What comes of these cells and questions."""
    asked = {name: tuple(each) for name, each in probes.items()}
    return SandboxExaminer(sandbox).run(Job("ada", tuple(cells), asked, answered_in))


def printed(box: Box, source: str) -> str:
    reply = box.ask({"operation": "run", "source": source})
    assert reply["ok"], reply
    return str(reply["output"]).strip()


def refused(box: Box, source: str) -> str:
    reply = box.ask({"operation": "run", "source": source})
    assert not reply["ok"]
    return str(reply["message"])


@pytest.mark.parametrize("module", ["layercost", "nbgrader", "grader.writer", "pytest", "tests", "apt"])
def test_the_oracle_is_not_there(box: Box, module: str) -> None:
    """Neither the reference library nor any other package of ours or of the system can be imported."""
    assert "ModuleNotFoundError" in refused(box, f"import {module}")


def test_numpy_and_the_standard_library_are_there(box: Box) -> None:
    """What students may use works, with the shared libraries that it needs."""
    source = "import ctypes, decimal, hashlib, json, numpy, sqlite3, ssl\nint(numpy.ones((3, 3)).sum())"
    assert printed(box, source) == "9"


def test_nothing_can_be_written_but_a_small_temporary_folder(box: Box) -> None:
    """Every other folder is read-only, and /tmp and /dev/shm have an end."""
    source = """
import os
written = []
for folder, _, _ in os.walk('/'):
    if folder.startswith(('/proc', '/dev/pts')):
        continue
    try:
        open(folder + '/written', 'w').close()
        written.append(folder)
    except OSError:
        pass
sorted(written)
"""
    assert printed(box, source) == "['/dev/shm', '/tmp']"
    fill = """
import os
total = 0
try:
    for n in range(100):
        total += open(f'{}/x{{n}}', 'wb').write(bytes(10**6))
except OSError as error:
    print(error.strerror)
total <= {}
"""
    for folder, size in (("/tmp", LIMITS.temporary_bytes), ("/dev/shm", 1 << 20)):  # noqa: S108 - the box's own
        assert printed(box, fill.format(folder, size)) == "No space left on device\nTrue"


def test_there_is_nobody_else(box: Box) -> None:
    """The box's process is the first of its world: no other, no /proc, no privileges, no network."""
    assert printed(box, "import os\nos.getpid(), os.getppid(), os.listdir('/proc')") == "(1, 0, [])"
    assert refused(box, "open('/proc/1/mem', 'r+b')").startswith("FileNotFoundError")
    assert (
        printed(box, "sorted(os.listdir('/dev'))") == "['full', 'null', 'random', 'shm', 'urandom', 'zero']"
    )
    assert refused(box, "import socket\nsocket.socket()").startswith("PermissionError")
    assert printed(box, "'PWD' in os.environ and sorted(os.environ)").count("GRADER") == 0


def test_the_first_process_has_no_rights_and_all_limits(boxes: Sandbox) -> None:
    """Seen from outside: what a cell could take over is limited as the cell is, and is not root."""
    with boxes.open("ada") as box:
        process = process_of(box)
        status = Path(f"/proc/{process}/status").read_text()
        limits = Path(f"/proc/{process}/limits").read_text()
    rows = dict(line.split(":\t", 1) for line in status.splitlines())
    rights = [rows[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
    assert rights == ["0" * 16] * 5
    assert rows["NoNewPrivs"] == "1"
    assert rows["Seccomp"] == "2"
    for name, value in (("address space", LIMITS.memory_bytes), ("processes", 1), ("core file size", 1)):
        assert re.search(rf"Max {name} +{value} +{value} ", limits), limits


def process_of(box: Box) -> int:
    """The first process of a box, as the machine sees it."""
    assert isinstance(box, PipeBox)
    life = box.life
    assert isinstance(life, Enclosed)
    inner = life.life.inner if isinstance(life.life, Nursery) else life.life
    assert isinstance(inner, Descriptor)
    return controls.process_of(inner.descriptor)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give each sandbox a user of its own")
def test_root_gives_each_sandbox_a_user_of_its_own() -> None:
    """Seen from outside, no box runs as root, and no two sandboxes as the same user."""
    with (
        Bubblewrap() as first,
        Bubblewrap() as second,
        first.open("ada") as one,
        second.open("emmy") as other,
    ):
        users = [Path(f"/proc/{process_of(each)}").stat().st_uid for each in (one, other)]
    assert 0 not in users
    assert users[0] != users[1]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("bytearray(3_000_000_000)", "MemoryError"),
        ("import os\nos.fork()", "BlockingIOError"),
        ("import threading\nthreading.Thread(target=print).start()", "can't start new thread"),
        ("open('/tmp/large', 'wb').write(bytes(17 << 20))", "OSError"),
        ("[open('/dev/null') for _ in range(100)]", "Too many open files"),
        ("import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (50, 50))", "ValueError"),
        ("import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0", "AssertionError"),
        ("import os\nos.memfd_create('x')", "PermissionError"),
        ("import ctypes\nassert ctypes.CDLL(None).shmget(0, 10**6, 0o1600) != -1", "AssertionError"),
    ],
    ids=[
        *("memory", "processes", "threads", "file size", "open files"),
        *("limits stay", "namespaces", "memory files", "shared memory"),
    ],
)
def test_limits_hold(box: Box, source: str, error: str) -> None:
    """What would take too much is refused to the student's code, and the box goes on."""
    assert error in refused(box, source)
    assert printed(box, "6 * 7") == "42"


def test_a_fork_bomb_dies_with_its_box() -> None:
    """Even where processes are allowed, hundreds that sleep and have detached end when the box does."""
    source = """
import os, time
children = 0
for _ in range(300):
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
    children += 1
children
"""
    with Bubblewrap(Limits(processes=400, step_seconds=60.0)) as sandbox:
        with sandbox.open("ada") as box:
            world = world_of(box)
            assert printed(box, source) == "300"
            assert len(living_in(world)) == 301
        assert living_in(world) == []


def world_of(box: Box) -> str:
    """The processes that a box may know of: none that it starts gets out of there."""
    return str(Path(f"/proc/{process_of(box)}/ns/pid").readlink())


def living_in(world: str) -> list[str]:
    """The processes of a box, as the machine sees them; others have boxes of their own at the same time."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and str((folder / "ns" / "pid").readlink()) == world:
                found.append(folder.name)
    return found


def test_a_process_that_stops_reading_does_not_block_us(box: Box) -> None:
    """A process that never comes back to reading ends in time, and is gone then."""
    with pytest.raises(BoxTimeout):
        box.ask({"operation": "run", "source": "import time\nwhile True: time.sleep(1)"}, seconds=1.0)
    with pytest.raises(BoxDied):
        box.ask({"operation": "run", "source": "#" * 10**6})


def test_a_full_pipe_is_a_timeout(boxes: Sandbox) -> None:
    """Writing a long request to a process that is stopped ends in time."""
    with boxes.open("ada") as box:
        os.kill(process_of(box), signal.SIGSTOP)
        started = awake()
        with pytest.raises(BoxTimeout, match="no answer within 1 seconds"):
            box.ask({"operation": "run", "source": "#" * 10**6}, seconds=1.0)
        assert awake() - started < 30


def test_magics_are_refused_with_a_word() -> None:
    """The student reads which line it is, and why."""
    cells = [CodeCell("q1", "x = 1\n%timeit x"), CodeCell("q2", "!ls"), CodeCell("q3", "y = = 1")]
    with Bubblewrap(LIMITS) as sandbox:
        outcome = examine(sandbox, cells, {"q1": [Get("x")]}, {"q1": "q1"})
    texts = [str(result.failure.text) if result.failure else "" for result in outcome.cells]
    assert texts[0].startswith("line 2 starts with %: notebook commands such as %timeit or !ls do not run")
    assert texts[1].startswith("line 1 starts with !")
    assert texts[2] == "SyntaxError in line 1: invalid syntax"
    assert outcome.answers["q1"] == (Failure("error", texts[0]),)


def test_a_cell_shows_what_it_prints_and_the_value_of_its_last_line(boxes: Sandbox) -> None:
    """As in a notebook; endless output is cut with a word."""
    with Examination(boxes, "ada") as examination:
        assert examination.run("print('hello')\n1 + 1").output == "hello\n2\n"
        assert examination.run("None").output == ""
        long = examination.run("print('x' * 10**7)").output
    assert long.endswith("more characters were printed and are not shown")
    assert len(long) < 21_000


def test_a_deadly_function_costs_its_own_question_only(boxes: Sandbox) -> None:
    """The box is started again and the cells replayed, with their state; the function is not tried again."""
    cells = ["import os\ncount = 0", "count += 1", "def f(x): os._exit(1)\ndef g(x): return x + count"]
    probes = {"a": [Call("f", (1,)), Call("f", (2,))], "b": [Call("g", (1,))], "c": [Get("count")]}
    outcome = examine(boxes, [CodeCell("", cell) for cell in cells], probes, {})
    assert [answer.kind for answer in outcome.answers["a"] if isinstance(answer, Failure)] == [
        "died",
        "not-run",
    ]
    assert outcome.answers["b"] == (Value(2),)
    assert outcome.answers["c"] == (Value(1),)


def test_a_deadly_cell_costs_itself_only(boxes: Sandbox) -> None:
    """What was defined before and after it is still there."""
    cells = ["a = 1", "import os\nos._exit(0)", "while True: pass", "b = 2"]
    probes = {"a": [Get("a")], "b": [Get("b")]}
    outcome = examine(boxes, [CodeCell("", cell) for cell in cells], probes, {})
    assert outcome.answers == {"a": (Value(1),), "b": (Value(2),)}
    kinds = [result.failure.kind if result.failure else "" for result in outcome.cells]
    assert kinds == ["", "died", "timeout", ""]


class OnceOnly(Sandbox):
    """A sandbox whose boxes, after the first, tell the cells in them that they are not the first."""

    name = "once only"

    def __init__(self, inner: Sandbox) -> None:
        super().__init__(inner.limits)
        self.inner, self.students = inner, iter(["first", "second"])

    def open(self, student: str) -> Box:
        return self.inner.open(next(self.students))


def test_cells_that_do_not_run_twice_are_said(boxes: Sandbox) -> None:
    """Where the replay itself dies, no further box is tried."""
    cells = [
        CodeCell("", "import os\nif os.environ['JUPYTERHUB_USER'] != 'first': os._exit(1)"),
        CodeCell("", "def f(): os._exit(1)\ndef g(): return 1"),
    ]
    outcome = examine(OnceOnly(boxes), cells, {"a": [Call("f")], "b": [Call("g")]}, {})
    assert outcome.answers["b"] == (
        Failure("died", Message("Your cells ran once, but did not run a second time.")),
    )


def test_the_whole_notebook_has_a_time_limit() -> None:
    """Many slow cells, each in time, still come to an end."""
    with Bubblewrap(Limits(step_seconds=30.0, total_seconds=2.0)) as sandbox:
        started = awake()
        cells = [CodeCell("", "import time; time.sleep(0.8)")] * 20
        outcome = examine(sandbox, cells, {"a": [Get("x")]}, {})
    assert awake() - started < 15
    last = outcome.cells[-1].failure
    assert last is not None
    assert str(last.text) == "The whole notebook took more than 2 seconds."
    assert outcome.answers["a"] == (last,)


def test_an_exception_of_a_hidden_call_says_nothing_but_that_it_was_raised(boxes: Sandbox) -> None:
    """Its message, the name of its class, and the choice of a builtin one could carry a hidden input out."""
    source = """
def known(x): raise ValueError(f'secret {x}')
def chosen(x): raise [KeyError, TypeError, ValueError, OSError][x % 4]
def blank(x): raise NotImplementedError
def own(x): raise type(f'secret{x}', (Exception,), {})
def thing(x): return object()
def large(x): return [0] * 10**5
"""
    names = ["known", "chosen", "own", "blank", "thing", "large", "nothing"]
    probes = {"q": [Call(name, (123,)) for name in names]}
    outcome = examine(boxes, [CodeCell("q", source)], probes, {"q": "q"})
    assert [str(answer.text) for answer in outcome.answers["q"] if isinstance(answer, Failure)] == [
        "`known` raised an exception for one of the inputs that it was tried on.",
        "`chosen` raised an exception for one of the inputs that it was tried on.",
        "`own` raised an exception for one of the inputs that it was tried on.",
        "`blank` is not written yet.",
        "`thing` gave back an object that is neither a number nor a text.",
        "`large` gave back a value too large to be an answer.",
        "There is no `nothing` in your notebook.",
    ]


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SandboxUnavailable, match="bubblewrap is not here; install bubblewrap"):
        Bubblewrap()


def test_a_bubblewrap_that_does_not_work_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Being installed is not enough: the probe runs it, and repeats what it said."""
    with tempfile.TemporaryDirectory() as folder:  # where any user may run it; pytest's own are private
        broken = Path(folder, "bwrap")
        broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        for path in (broken.parent, broken):
            path.chmod(0o755)
        monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: str(broken))
        with (
            Bubblewrap() as sandbox,
            pytest.raises(SandboxUnavailable, match="No permissions to create new namespace"),
        ):
            sandbox.probe()


def test_trusted_files_can_run_without_a_sandbox() -> None:
    """The explicit way out runs the same runner, with the same limits on time."""
    with Unprotected(LIMITS) as sandbox:
        sandbox.probe()
        outcome = examine(sandbox, [CodeCell("", "x = 6 * 7")], {"q": [Get("x")]}, {})
    assert outcome.answers == {"q": (Value(42),)}


def test_a_filter_is_made_for_known_machines_only() -> None:
    """Eight bytes an instruction, as many as the kernel takes; others get none, not a wrong one."""
    for machine in MACHINES:
        program = filter_program(machine)
        assert program is not None
        assert len(program) % 8 == 0
        assert len(program) <= 8 * 4096
    assert filter_program("a machine of tomorrow") is None


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("processes", [True, False], ids=["processes", "one process"])
def test_the_filter_answers_by_its_table(machine: str, processes: bool) -> None:
    """A filter run by hand: each listed call is allowed, each other refused, and arguments are looked at."""
    program = filter_program(machine, processes=processes)
    assert program is not None
    known = MACHINES[machine]
    names = {number: name for name, number in known.calls.items()}
    forks = {"clone", "fork", "vfork"} if not processes else set()
    lines = {"pipe", "pipe2", "socketpair"} if not processes else set()
    for number in range(600):
        zero = answer(program, known.audit, number, [0] * 6)
        name = names.get(number)
        if name is None:
            assert zero == ("ENOSYS" if number >= 424 else "EPERM")
        elif name not in LOOKED_AT | forks | lines:
            assert zero == "allow"
    for (name, *arguments), expected in ARGUMENTS.items():
        if name in known.calls:
            wanted = "EAGAIN" if name in forks else "EPERM" if name in lines else expected
            assert answer(program, known.audit, known.calls[name], [*arguments, *[0] * 6]) == wanted, name
    assert answer(program, known.audit, 0x4000_0000 + 1, [0] * 6) == "ENOSYS"
    assert answer(program, 1, 0, [0] * 6) == "kill"


LOOKED_AT = {
    *("flock", "fcntl", "ioctl", "prctl", "prlimit64", "futex", "madvise", "socketpair", "sendto"),
    *("getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr"),
    *("utime", "utimes", "utimensat", "futimesat"),
}
ARGUMENTS: dict[tuple[Any, ...], str] = {
    ("fcntl", 5, 1): "allow",
    ("fcntl", 5, 6): "pretend",
    ("fcntl", 5, 5): "EPERM",
    ("fcntl", 5, 1024): "EPERM",  # F_SETLEASE
    ("flock", 5, 2): "pretend",
    ("utimensat", 5, 0, 0): "pretend",
    ("prlimit64", 0): "allow",
    ("prlimit64", 1): "EPERM",
    ("prlimit64", 1 << 32): "EPERM",
    ("futex", 1, 128): "allow",
    ("futex", 1, 0): "EAGAIN",
    ("sendto", 5, 1, 1, 0, 0): "allow",
    ("sendto", 5, 1, 1, 0, 1 << 32): "EPERM",
    ("socketpair", 1): "allow",
    ("pipe2",): "allow",
    ("socketpair", 40): "EPERM",  # AF_VSOCK
    ("clone", 0x1000_0000): "EPERM",
    ("prctl", 1): "EPERM",  # PR_SET_PDEATHSIG
    ("getxattr",): "ENOTSUP",
}


def answer(program: bytes, audit: int, number: int, arguments: Sequence[int]) -> str:
    """What the kernel would do: an interpreter of the few instructions that a filter has."""
    data = struct.pack("<IIQ6Q", number, audit, 0, *arguments[:6])
    steps = list(struct.iter_unpack("<HBBI", program))
    position = held = 0
    while True:
        code, yes, no, value = steps[position]
        position += 1
        if code == 0x20:
            held = struct.unpack_from("<I", data, value)[0]
        elif code == 0x05:
            position += value
        elif code == 0x06:
            break
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            position += yes if holds else no
    if value >> 16 == 0x0005:
        return errno.errorcode[value & 0xFFFF] if value & 0xFFFF else "pretend"
    return {0x7FFF0000: "allow", 0x80000000: "kill"}[value]


def test_a_variable_tells_nothing_of_what_a_function_was_called_with(boxes: Sandbox) -> None:
    """Variables are read before the first call, wherever their questions stand: a message may repeat them."""
    source = "seen = 'nothing'\ndef f(x):\n    global seen\n    seen = f'{x}'\n    return x"
    probes = {"calls": (Call("f", (41,)), Get("seen"), Call("f", (42,))), "numbers": (Get("seen"),)}
    outcome = examine(boxes, [CodeCell("q1", source)], probes, {})
    assert outcome.answers == {
        "calls": (Value(41), Value("nothing"), Value(42)),
        "numbers": (Value("nothing"),),
    }
