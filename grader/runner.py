"""The untrusted side: runs inside the box, executes the student's cells, answers questions about them.

Forked by `nursery.py`, or started as `python -I -S runner.py`, with `values.py` beside it and no
reference, no test, no secret. Requests come as lines of JSON on standard input, replies go as lines of JSON
to what was standard output; both are moved away before the first cell runs. Whatever student's code does to
this process, all that it can send out is a reply, and the other side believes no reply more than an answer
written by hand.
"""

from __future__ import annotations

import ast
import builtins
import io
import json
import linecache
import os
import resource
import sys
import types
from collections.abc import Callable
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))  # the folder that holds grader/values.py

from grader import values  # noqa: E402  (the path above comes first)

sys.path.remove(os.path.dirname(HERE))
PACKAGES = os.path.join(os.path.dirname(HERE), "packages")  # numpy, where there is one
MAX_MESSAGE = 500
COUNTED_BY_USER = {"RLIMIT_SIGPENDING": 64, "RLIMIT_MSGQUEUE": 0, "RLIMIT_MEMLOCK": 0}  # all boxes together

Request = dict[str, Any]
Reply = dict[str, Any]


class CappedOutput(io.TextIOBase):
    """What the student prints, up to a limit; the rest is counted and dropped."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reset()

    def reset(self) -> None:
        self.parts: list[str] = []
        self.left = self.limit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = str(text)[: max(self.left, 0)]
        if kept:
            self.parts.append(kept)
        self.left -= len(text)
        return len(text)

    def take(self) -> str:
        """All that was printed since the last time, with a word where something was dropped."""
        text = "".join(self.parts)
        if self.left < 0:
            text += f"\n... {-self.left} more characters were printed and are not shown"
        self.reset()
        return text


def apply_limits(limits: dict[str, int]) -> None:
    """Limits this process for good: hard limits cannot be raised again without privileges."""
    names = {
        "memory_bytes": resource.RLIMIT_AS,
        "cpu_seconds": resource.RLIMIT_CPU,
        "file_bytes": resource.RLIMIT_FSIZE,
        "open_files": resource.RLIMIT_NOFILE,
        "processes": resource.RLIMIT_NPROC,
    }
    for name, kind in names.items():
        limit(kind, limits[name])
    limit(resource.RLIMIT_CORE, 1)  # with 0 a crash would still feed the system's collector
    for name, value in COUNTED_BY_USER.items():
        if hasattr(resource, name):
            limit(getattr(resource, name), value)


def limit(kind: int, value: int) -> None:
    """Sets a limit, or leaves a lower one that is there already."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def explain_syntax_error(source: str, error: SyntaxError) -> str:
    """One line for the student; notebook commands get a word of their own."""
    for number, line in enumerate(source.splitlines(), start=1):
        if line.lstrip().startswith(("%", "!")):
            return (
                f"line {number} starts with {line.lstrip()[0]}: notebook commands such as %timeit or !ls "
                "do not run when your work is marked; remove that line"
            )
    return f"{type(error).__name__} in line {error.lineno}: {error.msg}"


def explain_error(error: BaseException, filename: str) -> str:
    """Name, message and line of an exception that a cell raised."""
    if isinstance(error, SyntaxError) and error.filename == filename:
        return explain_syntax_error("".join(linecache.getlines(filename)), error)
    line, place = None, error.__traceback__
    while place is not None:
        if place.tb_frame.f_code.co_filename == filename:
            line = place.tb_lineno
        place = place.tb_next
    where = f" in line {line}" if line else ""
    return f"{type(error).__name__}{where}: {error}"


class Student:
    """The student's program: one namespace in which cells run, and from which values are read."""

    def __init__(self, output: CappedOutput) -> None:
        self.output = output
        self.cells = 0
        module = types.ModuleType("__main__")
        module.__dict__["__builtins__"] = builtins
        sys.modules["__main__"] = module
        self.names = module.__dict__

    def run(self, request: Request) -> Reply:
        """Runs a cell; like a notebook, shows the value of its last line."""
        self.cells += 1
        filename = f"<cell {self.cells}>"
        source = request["source"]
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        try:
            self._execute(source, filename)
        except BaseException as error:  # also SystemExit: a cell may not end the process politely
            return {"ok": False, "message": safe_text(explain_error, error, filename)}
        return {"ok": True}

    def _execute(self, source: str, filename: str) -> None:
        tree = ast.parse(source, filename)  # unlike compile, takes over none of this file's future imports
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, filename, "exec", dont_inherit=True), self.names)  # the purpose of the box
            return
        tree.body.pop()
        exec(compile(tree, filename, "exec", dont_inherit=True), self.names)
        value = eval(compile(ast.Expression(last.value), filename, "eval", dont_inherit=True), self.names)
        if value is not None:
            self.output.write(repr(value) + "\n")

    def get(self, request: Request) -> Reply:
        """Reads a variable."""
        if request["name"] not in self.names:
            return {"ok": False, "kind": "missing"}
        return value_reply(lambda: self.names[request["name"]])

    def call(self, request: Request) -> Reply:
        """Calls a function of the student's."""
        if request["name"] not in self.names:
            return {"ok": False, "kind": "missing"}
        arguments = [values.decode(tree).value for tree in request["arguments"]]
        keywords = {name: values.decode(tree).value for name, tree in request["keywords"].items()}
        return value_reply(lambda: self.names[request["name"]](*arguments, **keywords))


def value_reply(compute: Callable[[], object]) -> Reply:
    """Computes a value and packs it, or says which kind of failure it was."""
    try:
        return {"ok": True, "value": values.encode(compute())}
    except values.TooLarge:
        return {"ok": False, "kind": "too-large"}
    except values.NotAValue:
        return {"ok": False, "kind": "not-a-value"}
    except BaseException as error:
        return {"ok": False, "kind": "error", "error": safe_text(class_name, error)}


def class_name(error: BaseException) -> str:
    return type(error).__name__


def safe_text(compute: Callable[..., str], *arguments: object) -> str:
    """Text that comes from the student's objects, which may raise while they are asked for it."""
    try:
        return str(compute(*arguments))[:MAX_MESSAGE]
    except BaseException:
        return "an exception that cannot be shown"


def private_channels() -> tuple[io.BufferedReader, int]:
    """Moves the two channels away from 0 and 1, and leaves nothing there."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    return requests, replies


def send(replies: int, reply: Reply) -> None:
    data = json.dumps(reply).encode() + b"\n"
    while data:
        data = data[os.write(replies, data) :]


def main() -> None:
    """Answers requests until the other side closes the channel; the first request sets the limits."""
    requests, replies = private_channels()
    first = json.loads(requests.readline())
    apply_limits(first["limits"])
    os.environ["JUPYTERHUB_USER"] = first["student"]
    if PACKAGES not in sys.path:
        sys.path.append(PACKAGES)
    output = CappedOutput(first["output_characters"])
    student = Student(output)
    operations = {"run": student.run, "get": student.get, "call": student.call}
    send(replies, {"number": first["number"], "ok": True})
    for line in requests:
        sys.stdout = sys.stderr = output
        request = json.loads(line)
        reply = operations[request["operation"]](request)
        printed = output.take()
        if request["operation"] == "run":  # what a hidden call prints stays here
            reply["output"] = printed
        send(replies, {"number": request["number"], **reply})


if __name__ == "__main__":
    main()
