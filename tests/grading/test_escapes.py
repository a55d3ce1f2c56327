"""What a cell tries that wants out of its box, into another's, or to stay: each in both kinds of box."""

from __future__ import annotations

import errno
import os
import platform
import select
import shutil
import subprocess
import sys
import tempfile
import time
from ast import literal_eval
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from grader.box import Box, BoxDied, Limits, Sandbox, SandboxUnavailable
from grader.bubblewrap import Bubblewrap
from grader.furniture import GRADER
from grader.patience import awake
from grader.podman import Podman
from grader.stage import PREFIX, YOUNG_SECONDS, Stage, shared_copies
from grader.warm import WarmSandbox

from .test_box import living_in, printed, refused, world_of

pytestmark = pytest.mark.bubblewrap

LIMITS = Limits(step_seconds=20.0)


def opened(kind: str, limits: Limits, *files: Path) -> WarmSandbox:
    """Boxes that one warm process bears, those of a machine where it cannot, and those of a container."""
    if kind == "podman":
        return Podman(limits, files)
    sandbox = Bubblewrap(limits, files)
    if kind == "alone":
        sandbox.reason = "this is a test"
    return sandbox


KINDS = ["forked", "alone", pytest.param("podman", marks=pytest.mark.podman)]


@pytest.fixture(scope="module", params=KINDS)
def boxes(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with opened(request.param, LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def box(boxes: Sandbox) -> Iterator[Box]:
    with boxes.open("ada") as box:
        yield box


@pytest.fixture
def other(boxes: Sandbox) -> Iterator[Box]:
    """A box of an accomplice, open at the same time."""
    with boxes.open("emmy") as box:
        yield box


def test_this_machine_bears_boxes_in_a_warm_sandbox() -> None:
    """The tests of forked boxes test forked boxes."""
    with Bubblewrap() as sandbox:
        assert "boxes forked from one warm process; system calls filtered" in sandbox.describe()


TAKE_OVER = """
import os
place = int(open('/proc/1/syscall').read().split()[-1], 16)
memory = os.open('/proc/1/mem', os.O_RDWR)
os.pwrite(memory, b'\\xeb\\xfe', place)
os._exit(0)
"""


def test_the_first_process_cannot_be_rewritten(box: Box) -> None:
    """A cell once wrote code of its own over process 1, where no limit held, and left."""
    assert refused(box, TAKE_OVER).startswith("FileNotFoundError")


REFUSED = {
    "pidfd_open": "434, 1, 0",
    "pidfd_getfd": "438, 3, 0, 0",
    "pidfd_send_signal": "424, 3, 0, 0, 0",
    "prlimit of another": "302, 1, 7, 0, buffer",
    "inotify_init": "253",
    "inotify_init1": "294, 0",
    "fanotify_init": "300, 0, 0",
    "kcmp": "312, 1, 1, 0, 0, 0",
    "process_vm_readv": "310, 1, buffer, 1, buffer, 1, 0",
    "process_vm_writev": "311, 1, buffer, 1, buffer, 1, 0",
    "process_madvise": "440, 3, buffer, 1, 4, 0",
    "ptrace": "101, 0, 0, 0, 0",
    "io_uring_setup": "425, 4, buffer",
    "userfaultfd": "323, 1",
    "add_key": "248, b'user', b'x', b'y', 1, -3",
    "keyctl": "250, 0, -3, 0",
    "bpf": "321, 0, buffer, 48",
    "perf_event_open": "298, buffer, 0, -1, -1, 0",
    "vmsplice": "278, 1, buffer, 1, 0",
    "splice": "275, 0, 0, 1, 0, 1, 0",
    "name_to_handle_at": "303, -100, b'/box', buffer, buffer, 0",
    "open_by_handle_at": "304, -100, buffer, 0",
    "clone with a new user": "56, 0x10000000 | 17, 0, 0, 0, 0",
    "clone3": "435, buffer, 88",
    "unshare": "272, 0x10000000",
    "setns": "308, 0, 0",
    "personality": "135, 0x0040000",
    "mount": "165, b'none', b'/tmp', b'tmpfs', 0, 0",
    "umount": "166, b'/proc', 2",
    "pivot_root": "155, b'/tmp', b'/tmp'",
    "chroot": "161, b'/tmp'",
    "open_tree": "428, -100, b'/', 1",
    "statmount": "457, buffer, buffer, 512, 0",
    "memfd_create": "319, b'x', 0",
    "memfd_secret": "447, 0",
    "shmget": "29, 0, 4096, 0o1600",
    "shmat": "30, 0, 0, 0",
    "semget": "64, 0, 1, 0o1600",
    "msgget": "68, 0, 0o1600",
    "mq_open": "240, b'x', 0o102, 0o600, 0",
    "execve": "59, b'/box/python/bin/python', 0, 0",
    "execveat": "322, -100, b'/box/python/bin/python', 0, 0, 0",
    "socket": "41, 1, 1, 0",
    "netlink": "41, 16, 3, 0",
    "bind": "49, 0, buffer, 3",
    "sendmsg": "46, 0, buffer, 0",
    "setsockopt": "54, 0, 1, 16, buffer, 4",
    "sysinfo": "99, buffer",
    "mincore": "27, page, 4096, buffer",
    "cachestat": "451, 0, buffer, buffer, 0",
    "preadv2": "327, 0, buffer, 1, 0, 8",
    "fadvise": "221, 0, 0, 0, 4",
    "mlock": "149, page, 4096",
    "sched_setscheduler": "144, 0, 5, buffer",
    "setpriority": "141, 2, 0, 5",
    "ioprio_set": "251, 1, 0, 0",
    "timer_create": "222, 0, 0, buffer",
    "syslog": "103, 2, buffer, 100",
    "modify_ldt": "154, 0, buffer, 16",
    "landlock": "444, 0, 0, 1",
    "seccomp": "317, 0, 0, 0",
    "death signal": "157, 1, 0, 0, 0",
    "clear dumpable": "157, 4, 0, 0, 0",
    "lease": "72, file, 1024, 0",
    "who holds a lock": "72, file, 5, buffer",
    "watch a folder": "72, folder, 1026, 1",
    "size of a pipe": "72, 0, 1031, 1 << 20",
    "shared futex": "202, page, 1, 1, 0, 0, 0",
    "mark for eviction": "28, page, 4096, 21",
    "flags of a file": "16, file, 0x40086602, buffer",
    "vsock pair": "53, 40, 1, 0, buffer",
    "pair of sockets": "53, 1, 1, 0, buffer",
    "pipe": "22, buffer",
    "pipe with flags": "293, buffer, 0",
}
OTHERWISE = {  # refusals that look like those of a kernel which cannot do it
    "clone with a new user": "EAGAIN",
    "shared futex": "EAGAIN",
    "mark for eviction": "EINVAL",
    "flags of a file": "ENOTTY",
}
CALL = "ctypes.set_errno(0)\nlibc.syscall({}), ctypes.get_errno()"
PRELUDE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(8192)
page = ctypes.c_void_p((ctypes.addressof(buffer) + 4095) // 4096 * 4096)
file, folder = os.open('/box/grader/runner.py', os.O_RDONLY), os.open('/box', os.O_RDONLY)
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
@pytest.mark.parametrize("name", REFUSED)
def test_a_system_call_that_reaches_out_is_refused(calling: Box, name: str) -> None:
    """Neither other processes, nor the kernel's own machines, nor what two boxes could share."""
    result, number = literal_eval(printed(calling, CALL.format(REFUSED[name])))
    assert result == -1
    assert errno.errorcode[number] in ("EPERM", "ENOSYS", OTHERWISE.get(name))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        pytest.param("39", (1, 0), id="getpid"),
        pytest.param("72, file, 1, 0", (1, 0), id="fcntl, which other commands are refused of"),
        pytest.param("0, 1000, buffer, 1", (-1, errno.EBADF), id="read, from what is not open"),
    ],
)
def test_other_system_calls_reach_the_kernel(calling: Box, call: str, expected: tuple[int, int]) -> None:
    """So a refusal is one of the call that is named, and not of the way in which these tests call."""
    assert literal_eval(printed(calling, CALL.format(call))) == expected


@pytest.fixture(scope="module")
def calling(boxes: Sandbox) -> Iterator[Box]:
    """One box for all the calls: each refusal leaves it as it was."""
    with boxes.open("ada") as box:
        assert printed(box, PRELUDE) == ""
        yield box


LOCK = "import fcntl\nheld = open('/box/grader/values.py')\nfcntl"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (f"{LOCK}.flock(held, 2 | 4)", f"{LOCK}.flock(held, 2 | 4)"),
        (f"{LOCK}.lockf(held, 1 | 4)", f"{LOCK}.lockf(held, 1 | 4)"),
        ("open('/tmp/word', 'w').write('x')", "import os\nassert os.listdir('/tmp') == []"),
        ("open('/dev/shm/word', 'w').write('x')", "import os\nassert os.listdir('/dev/shm') == []"),
        (
            "import os\ntry:\n    os.mkfifo('/tmp/line')\nexcept OSError: pass",
            "import os\nassert not os.path.exists('/tmp/line') and not os.path.exists('/dev/ptmx')",
        ),
        (
            "import os, time\ntime.sleep(1.1)\nos.utime('/dev/null')",
            "import os, time\nassert os.stat('/dev/null').st_mtime < time.time() - 1",
        ),
        ("import os\nos.environ['WORD'] = 'x'", "import os\nassert 'WORD' not in os.environ"),
        (
            "import json\njson.word = 'x'\nimport numpy\nnumpy.word = 'x'",
            "import json, numpy\nassert not hasattr(json, 'word') and not hasattr(numpy, 'word')",
        ),
    ],
    ids=["flock", "lockf", "tmp", "shared memory", "terminals", "times of devices", "environment", "modules"],
)
def test_accomplices_see_nothing_of_each_other(box: Box, other: Box, mine: str, theirs: str) -> None:
    """What one box does shows in no other that is open at the same time."""
    for asked, source in ((box, mine), (other, theirs)):
        reply = asked.ask({"operation": "run", "source": source})
        assert reply["ok"], reply


def test_a_signal_to_everyone_reaches_only_the_sender(box: Box, other: Box, boxes: Sandbox) -> None:
    """Neither the group, nor all processes, nor the parent; and the next box opens."""
    everyone = """
import os, signal
for target in (0, -1, 2, 3, os.getppid()):
    for kill in (os.kill, os.killpg):
        try:
            kill(target, signal.SIGKILL)
        except OSError:
            pass
"""
    with suppress(BoxDied):
        box.ask({"operation": "run", "source": everyone})
    assert printed(other, "6 * 7") == "42"
    with boxes.open("ida") as third:
        assert printed(third, "6 * 7") == "42"


def test_a_box_holds_two_pipes_and_nothing_else(box: Box) -> None:
    """No socket to the warm process, no file that another box has open, and nothing at 0, 1 and 2."""
    source = """
import os, stat
kinds = []
for number in range(1024):
    try:
        kinds.append(stat.S_IFMT(os.fstat(number).st_mode))
    except OSError:
        pass
sorted(kinds) == sorted([stat.S_IFCHR] * (len(kinds) - 2) + [stat.S_IFIFO] * 2), len(kinds) <= 6
"""
    assert printed(box, source) == "(True, True)"


def test_no_name_of_another_student_is_in_memory(boxes: Sandbox) -> None:
    """A box is a copy of a process that never heard a name."""
    with boxes.open("a_name_" + "that_stands_out") as box:
        assert printed(box, "import os\nlen(os.environ['JUPYTERHUB_USER'])") == "22"
    search = """
import ctypes
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_void_p
end = libc.sbrk(ctypes.c_ssize_t(0))
ctypes.string_at(end - 100_000, 100_000).count(b'a_name_' + b'that_stands_out')
"""
    with boxes.open("emmy") as box:
        assert printed(box, search) == "0"


def test_each_box_draws_its_own_random_numbers(boxes: Sandbox) -> None:
    """Forks of one process would otherwise all draw the same."""
    source = (
        "import random, numpy\nrandom.random(), float(numpy.random.random()), numpy.random.randint(10**9)"
    )
    drawn = []
    for _ in range(3):
        with boxes.open("ada") as box:
            drawn.append(printed(box, source))
    assert len(set(drawn)) == 3


def test_a_million_files_are_not_made(box: Box) -> None:
    """A file in memory costs the kernel a kilobyte, even where it is empty, and so does a link."""
    source = """
import os
made = 0
try:
    for made in range(10**6):
        open(f'/tmp/{made}', 'w').close()
except OSError as error:
    print(error.strerror)
try:
    for made in range(made, 10**6):
        os.link('/tmp/0', f'/tmp/{made}')
except OSError as error:
    print(error.strerror)
made
"""
    words = printed(box, source).splitlines()
    assert words[:2] == ["No space left on device"] * 2
    assert int(words[2]) <= LIMITS.temporary_files


def test_sqlite_works_though_locks_are_only_pretended(box: Box) -> None:
    """Nobody is there to lock against, so a database in a file behaves as it should."""
    source = """
import sqlite3
with sqlite3.connect('/tmp/data') as data:
    data.execute('create table t (x)')
    data.executemany('insert into t values (?)', [(n,) for n in range(10)])
sqlite3.connect('/tmp/data').execute('select sum(x) from t').fetchone()
"""
    assert printed(box, source) == "(45,)"


def test_event_loops_and_threads_work_where_processes_are_allowed() -> None:
    """They need a pair of sockets and threads, which a box without other processes does not have."""
    source = """
import asyncio, concurrent.futures
async def later():
    await asyncio.sleep(0.001)
    return 42
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    squares = list(pool.map(lambda x: x * x, range(4)))
asyncio.run(later()), squares
"""
    with Bubblewrap(Limits(processes=4)) as sandbox, sandbox.open("ada") as box:
        assert printed(box, source) == "(42, [0, 1, 4, 9])"


def test_honest_modules_work(box: Box) -> None:
    """What the filter leaves is enough for temporary files and copies, and for all that only computes."""
    source = """
import shutil, statistics, tempfile, fractions, datetime, itertools, functools, pathlib, copy
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, 'x')
    path.write_text('x' * 10**5)
    shutil.copy2(path, path.with_name('y'))
    copied = len(path.with_name('y').read_text())
copied
"""
    assert printed(box, source) == "100000"


@pytest.mark.parametrize("kind", KINDS)
def test_what_stays_is_killed_though_it_hides(kind: str) -> None:
    """Processes that leave their group, ignore signals and outlive their parent end with their box."""
    source = """
import os, signal, time
for _ in range(50):
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
os._exit(0)
"""
    with opened(kind, Limits(processes=200)) as sandbox:
        with sandbox.open("ada") as box:
            world = world_of(box)
            assert living_in(world)
            with pytest.raises(BoxDied):
                box.ask({"operation": "run", "source": source})
        assert living_in(world) == []


@pytest.mark.parametrize("kind", ["forked", pytest.param("podman", marks=pytest.mark.podman)])
def test_a_nursery_that_died_is_replaced_at_once(kind: str) -> None:
    """Whatever ended it, the sandbox goes on with a new one."""
    with opened(kind, LIMITS) as sandbox:
        with sandbox.open("ada") as box:
            assert printed(box, "6 * 7") == "42"
            assert sandbox.nursery is not None
            sandbox.nursery.inner.kill()
            ended = select.poll()
            ended.register(sandbox.nursery.inner.descriptor, select.POLLIN)
            ended.poll()
            with pytest.raises(BoxDied):
                box.ask({"operation": "get", "name": "x"})
        started = awake()
        with sandbox.open("ada") as box:
            assert printed(box, "6 * 7") == "42"
        assert awake() - started < LIMITS.start_seconds


@pytest.mark.parametrize("kind", KINDS)
def test_a_cautious_umask_hides_nothing_from_a_box(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """What a box is shown, any user may read, though all else that this grader makes is its own."""
    request.addfinalizer(partial(os.umask, os.umask(0o077)))
    (tmp_path / "rows.json").write_text("[1, 2]")
    with opened(kind, LIMITS, tmp_path / "rows.json") as sandbox, sandbox.open("ada") as box:
        assert printed(box, "open('rows.json').read()") == "'[1, 2]'"


KILLED = """
import os, signal
from grader.bubblewrap import Bubblewrap
sandbox = Bubblewrap()
box = sandbox.open("ada")
print(sandbox.stage.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A place for temporary files that any user may look into, with nothing of other graders in it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shared_copies()  # which all tests share, and so not there
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield folder


def test_what_a_killed_grader_left_is_removed_by_the_next(
    temporary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder goes with the next start, and no box stays."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED], env={**os.environ, "TMPDIR": temporary},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    left = Path(killed.stdout.strip())
    assert left.name.startswith(PREFIX)
    assert left.is_dir()
    with Bubblewrap() as other:
        assert left.is_dir(), "a folder this new may belong to a grader that is about to lock it"
        later = time.time() + YOUNG_SECONDS + 60
        monkeypatch.setattr("grader.stage.time.time", lambda: later)
        with Bubblewrap():
            assert not left.exists()
            assert other.stage.folder.is_dir(), "a folder in use stays"


def test_a_process_that_is_forked_has_boxes_of_its_own() -> None:
    """Two that asked one nursery would get each other's boxes; and what the parent made stays."""
    with Bubblewrap() as sandbox, sandbox.open("ada") as box:
        child = os.fork()
        if child == 0:
            try:
                with sandbox.open("emmy") as other:
                    answer = printed(other, "6 * 7") == "42"
                sandbox.close()
                os._exit(0 if answer else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert printed(box, "6 * 7") == "42"
        with sandbox.open("ida") as third:
            assert printed(third, "6 * 7") == "42"
        assert sandbox.stage.folder.is_dir()


ORDINARY_PYTHON, ORDINARY_USER = Path("/usr/bin/python3"), 54321
AS_AN_ORDINARY_USER = """
from grader.bubblewrap import Bubblewrap
with Bubblewrap() as sandbox, sandbox.open("ada") as box:
    print(sandbox.describe())
    for source in ("import os\\nos.fork()", "import os\\nos.getpid(), os.listdir('/proc')"):
        print(box.ask({"operation": "run", "source": source}))
"""


@pytest.mark.skipif(
    os.getuid() != 0 or not ORDINARY_PYTHON.exists(), reason="only root can become another user for a test"
)
def test_an_ordinary_user_gets_the_same_boxes() -> None:
    """Nothing of it needs root: forked boxes, limits, and no sight of the machine."""
    with closing(Stage()) as stage:
        package = stage.copy(GRADER)
        done = subprocess.run(
            [ORDINARY_PYTHON, "-B", "-c", AS_AN_ORDINARY_USER],
            env={"PYTHONPATH": str(package.parent), "PATH": "/usr/bin:/bin"},
            cwd="/",
            user=ORDINARY_USER,
            group=ORDINARY_USER,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "boxes forked from one warm process" in done.stdout, done.stderr
    assert "BlockingIOError" in done.stdout
    assert "(1, [])" in done.stdout


@pytest.mark.parametrize("missing", ["podman", "runc"])
def test_without_podman_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Its default runtime does not start everywhere, so the other one is asked for as well."""
    monkeypatch.setattr(shutil, "which", lambda name: None if name == missing else f"/usr/bin/{name}")
    with pytest.raises(
        SandboxUnavailable, match=rf"{missing}: not here; install podman .*podman runc uidmap"
    ):
        Podman()


def test_a_container_that_bears_no_boxes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its /proc would show where it lies on disk, so a box is never a container of its own."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with Podman() as sandbox:
        sandbox.reason = "no namespaces"
        with pytest.raises(SandboxUnavailable, match=r"podman does not work here: .* no namespaces"):
            sandbox.probe()
