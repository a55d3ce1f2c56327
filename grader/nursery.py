"""Inside the sandbox: one warm interpreter from which a box is forked for each submission.

Started as `python -I -S nursery.py PLAN` with `confine.py`, `runner.py` and `values.py` beside it, as
process 1 of the sandbox, with a socket to the grader. Over that socket the grader hands in the ends of the
pipes on which it will talk with a box, and gets back a descriptor of the process that was born. Nothing
that a student wrote passes here: names, cells and answers go through the box's own pipes.

Boxes share what was in memory before they were born, the seed of Python's hashes among it: constant, the
same for all of one sandbox, and nothing that one box does shows in another. Random generators start afresh.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))  # the folder that holds grader/runner.py

from grader import confine, runner  # noqa: E402  (the path above comes first)

sys.path.remove(os.path.dirname(HERE))

Plan = dict[str, Any]


def main() -> None:
    """Says how boxes can be made here, and makes them until the grader closes the line or is gone."""
    plan = json.loads(sys.argv.pop())
    control = socket.socket(fileno=plan["line"])
    _, descriptors, _, _ = socket.recv_fds(control, 64, 1)
    program = bytes.fromhex(plan["filter"])
    if not plan["alone"]:
        warm_up()
    reason = "" if plan["alone"] else why_not(plan, program)
    myself = os.pidfd_open(os.getpid())
    socket.send_fds(control, [json.dumps({"reason": reason}).encode()], [myself])
    os.close(myself)
    serve(control, descriptors[0], plan, program)


def warm_up() -> None:
    """Imports what submissions import, and keeps the collector from touching it, so that forks share it."""
    sys.path.append(runner.PACKAGES)
    with suppress(ImportError):
        import numpy  # noqa: F401
    gc.collect()
    gc.freeze()


def serve(control: socket.socket, grader: int, plan: Plan, program: bytes) -> None:
    """One box for each message; ends with the grader, of whose process we hold a descriptor."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries our children
    events = select.poll()
    events.register(control, select.POLLIN)
    events.register(grader, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in events.poll()}
        if grader in ready:
            return
        word, pipes, _, _ = socket.recv_fds(control, 64, 2)
        if not word or len(pipes) != 2:
            return
        if plan["alone"]:
            box(control, plan, program, pipes)
            return
        bear(control, plan, program, pipes)


def bear(control: socket.socket, plan: Plan, program: bytes, pipes: list[int]) -> None:
    """Makes one box, and tells the grader."""
    user, group = os.getuid(), os.getgid()
    try:
        child, descriptor = confine.born()
    except OSError as error:
        control.send(str(error).encode()[:1000])
        child, descriptor = -1, -1
    if child == 0:
        try:
            confine.settle(user, group)
            box(control, plan, program, pipes)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())  # nowhere, once a cell may have run
        finally:
            os._exit(1)
    if child > 0:
        socket.send_fds(control, [b"born"], [descriptor])
        os.close(descriptor)
    for pipe in pipes:
        os.close(pipe)


def box(control: socket.socket, plan: Plan, program: bytes, pipes: list[int]) -> None:
    """Keeps the two pipes and nothing else, and serves a student's program until the grader closes them."""
    control.detach()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    enclose(plan, program)
    os.dup2(pipes[0], 0)
    os.dup2(pipes[1], 1)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    forget_randomness()
    runner.main()


def enclose(plan: Plan, program: bytes) -> None:
    """Whatever must hold before the first cell runs, in this order; limits come with the first request."""
    if os.getsid(0) != os.getpid():
        os.setsid()  # a signal to our group would reach our parent
    try:
        confine.furnish(plan["temporary_bytes"], plan["files"], plan["hidden"])
    except OSError:
        if not plan["alone"]:  # then /tmp is an empty folder that nobody can write to
            raise
    os.chdir("/box/files")
    confine.renounce(program)


def forget_randomness() -> None:
    """Gives each box its own state of the generators that were seeded before it was born."""
    for name in ("random", "numpy.random"):
        if name in sys.modules:
            sys.modules[name].seed()


def why_not(plan: Plan, program: bytes) -> str:
    """Why boxes cannot be forked here; empty where one that was tried is well."""
    if not confine.can_bear():
        return "this machine's system calls are not known to us"
    user, group = os.getuid(), os.getgid()
    reading, writing = os.pipe()
    try:
        child, descriptor = confine.born()
    except OSError as error:
        return str(error)
    if child == 0:
        try:
            confine.settle(user, group)
            enclose(plan, program)
        except BaseException as error:
            os.write(writing, str(error).encode()[:1000] or b"unknown")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(descriptor)
    os.close(writing)
    reason = os.read(reading, 1000).decode(errors="replace")
    os.close(reading)
    return reason


if __name__ == "__main__":
    main()
