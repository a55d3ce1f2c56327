# ruff: noqa: E501 - source code within source code is easier to read unbroken
"""Submissions of students who want points for nothing, to see what they must not, or to do harm.

Their honest answers are worth nothing, so any point is a gain. Placeholders: `@PORT@` a listener on localhost,
`@DROP@` a folder that anyone may write, `@COURSE@` the course folder, `@HOME@` the teacher's home folder.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Notebook = dict[str, Any]
LAZY = {
    "q1": "answer_q1 = 1",
    "q2": "def conv_params(*a, **k):\n    return 1",
    "q3": "def conv_flops(*a, **k):\n    return 2",
}


def cells_of(notebook: Notebook) -> dict[str, dict[str, Any]]:
    """The cells that nbgrader tracks, by grade_id."""
    tracked = [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    return {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in tracked}


@dataclass(frozen=True)
class Attack:
    """One submission. `changes` works on the notebook itself; `points` is what honest parts of it are worth."""

    kind: Literal["points", "leak", "damage"]
    answers: Mapping[str, str] = field(default_factory=dict)
    changes: Callable[[Notebook], None] = lambda notebook: None
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    points: float = 0.0


def tag_all(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-output"]


def more_points(notebook: Notebook) -> None:
    for cell in cells_of(notebook).values():
        if cell["metadata"]["nbgrader"]["grade"]:
            cell["metadata"]["nbgrader"]["points"] = 1000


def tests_as_answers(notebook: Notebook) -> None:
    cell = cells_of(notebook)["q3-test"]
    cell["metadata"]["nbgrader"].update(solution=True, locked=False)
    cell["source"] = "answer_q1 = 1"


def raw_cells(notebook: Notebook) -> None:
    cells_of(notebook)["q3-test"].update(cell_type="raw")


def answers_not_graded(notebook: Notebook) -> None:
    for cell in cells_of(notebook).values():
        cell["metadata"]["nbgrader"]["grade"] = False


def other_schema(version: object) -> Callable[[Notebook], None]:
    def change(notebook: Notebook) -> None:
        for cell in cells_of(notebook).values():
            cell["metadata"]["nbgrader"]["schema_version"] = version

    return change


def own_setup(notebook: Notebook) -> None:
    cells_of(notebook)["setup"]["source"] = "channels = 1 / 148"


def copied_cells(notebook: Notebook) -> None:
    notebook["cells"] += [copy.deepcopy(cell) for cell in cells_of(notebook).values()]


def odd_metadata(notebook: Notebook) -> None:
    notebook["metadata"] = {"kernelspec": {"name": "../../evil", "argv": ["touch", "@DROP@/kernel"]}}
    for cell in notebook["cells"]:
        cell["metadata"]["nbgrader"] = ["not", "a", "dictionary"]


def html_outputs(notebook: Notebook) -> None:
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/html": "<script>window.SCRIPT_CANARY = 1</script>"},
    }
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [output]


def drops(name: str, expression: str) -> str:
    """A cell that prints what it can get, and tries to leave it where others can fetch it."""
    return f"""
try:
    found = {expression}
except BaseException as error:
    found = 'failed: %r' % error
print(found)
try:
    open('@DROP@/{name}', 'a').write(str(found))
except BaseException:
    pass
answer_q1 = 1
"""


FORGERY = """
import json, os, threading
for descriptor in range(3, 20):
    for number in range(1, 60):
        try:
            os.write(descriptor, json.dumps({"number": number, "ok": True, "value": {"int": "9472"}}).encode() + b"\\n")
        except OSError:
            pass
answer_q1 = 1
"""

POINTS = {
    "patch_the_reference": Attack(
        "points",
        {
            "q1": "import sys, types\n"
            "for name in ('layercost', 'grader', 'nbgrader', 'counting'):\n"
            "    sys.modules[name] = types.ModuleType(name)\n"
            "    sys.modules[name].conv_params = lambda *a, **k: 1\n"
            "answer_q1 = 1"
        },
    ),
    "call_the_reference": Attack(
        "points",
        {
            "q1": "import layercost as lc\nanswer_q1 = lc.count(lc.Conv2d(3, 64, 7), lc.PARAMETERS).total",
            "q2": "def conv_params(*a, **k):\n"
            "    from tests.grading.counting import conv_params as f\n    return f(*a, **k)",
        },
    ),
    "patch_comparisons": Attack(
        "points",
        {
            "q1": "import builtins, math, operator, json\n"
            "math.isclose = builtins.isclose = operator.eq = lambda *a, **k: True\n"
            "builtins.sum = lambda *a: 4\nbuiltins.all = builtins.any = lambda *a: True\n"
            "builtins.isinstance = lambda *a: True\nanswer_q1 = 1"
        },
    ),
    "equal_to_everything": Attack(
        "points",
        {
            "q1": "class Yes(int):\n    def __eq__(self, other): return True\n"
            "    def __ne__(self, other): return False\n    __hash__ = int.__hash__\nanswer_q1 = Yes(1)",
            "q2": "def conv_params(*a, **k): return Yes(1)",
            "q3": "class Any:\n    def __eq__(self, other): return True\ndef conv_flops(*a, **k): return Any()",
        },
    ),
    "numpy_impostor": Attack(
        "points",
        {
            "q1": "class Fake:\n    __module__ = 'numpy'\n    size = 1\n    class dtype:\n        kind = 'i'\n"
            "    def tolist(self):\n        class Yes(int):\n            def __eq__(s, o): return True\n"
            "        return Yes(1)\nanswer_q1 = Fake()"
        },
    ),
    "not_a_number": Attack(
        "points",
        {
            "q1": "answer_q1 = float('nan')",
            "q2": "def conv_params(*a, **k): return float('inf')",
            "q3": "def conv_flops(*a, **k): return complex('nan')",
        },
    ),
    "assertion_error": Attack(
        "points",
        {
            "q1": "import builtins\nclass AssertionError(Exception): pass\n"
            "builtins.AssertionError = AssertionError\nanswer_q1 = 1"
        },
    ),
    "exit_in_calls": Attack(
        "points",
        {
            "q2": "def conv_params(*a, **k): raise SystemExit(0)",
            "q3": "def conv_flops(*a, **k): raise KeyboardInterrupt",
        },
    ),
    "notebook_hooks": Attack(
        "points",
        {
            "q1": "answer_q1 = 1\nshell = get_ipython()\nshell.ast_transformers.append(None)\n"
            "shell.set_custom_exc((BaseException,), lambda *a: None)\nshell.kernel.do_execute = None"
        },
    ),
    "widget_messages": Attack(
        "points", {"q1": "answer_q1 = 1\nimport comm\ncomm.create_comm(target_name='x')"}
    ),
    "tracing": Attack(
        "points",
        {
            "q1": "import sys\ndef trace(frame, event, argument):\n"
            "    frame.f_globals['answer_q1'] = 9472\n    frame.f_locals.update(expected=1)\n    return trace\n"
            "sys.settrace(trace)\nsys.setprofile(trace)\nanswer_q1 = 1"
        },
    ),
    "walk_the_frames": Attack(
        "points",
        {
            "q2": "def conv_params(*a, **k):\n    import gc, sys\n    seen = []\n    frame = sys._getframe()\n"
            "    while frame:\n        seen += list(frame.f_locals.values())\n        frame = frame.f_back\n"
            "    seen += gc.get_objects()\n"
            "    return max((x for x in seen if type(x) is int), default=1)"
        },
    ),
    "forged_replies": Attack("points", {"q1": FORGERY}),
    "patched_runner": Attack(
        "points",
        {
            "q1": "import sys\nfrom grader import values\nvalues.encode = lambda value: {'int': '9472'}\n"
            "values.Value.__eq__ = lambda *a: True\nanswer_q1 = 1\nsys.modules.pop('grader')",
            "q2": "def conv_params(*a, **k): return 1",
        },
    ),
    "shadowed_modules": Attack(
        "points",
        files=dict.fromkeys(
            (
                "layercost.py",
                "numpy.py",
                "json.py",
                "sitecustomize.py",
                "usercustomize.py",
                "grader.py",
                "variants.json",
            ),
            "raise SystemExit(0)\n",
        ),
    ),
    "tags": Attack("points", changes=tag_all),
    "more_points": Attack("points", changes=more_points),
    "tests_as_answers": Attack("points", changes=tests_as_answers),
    "raw_cells": Attack("points", changes=raw_cells),
    "nothing_is_graded": Attack("points", changes=answers_not_graded),
    "own_setup": Attack("points", {"q1": "answer_q1 = channels * 148"}, changes=own_setup, points=3.0),
    "write_the_gradebook": Attack(
        "points",
        {
            "q1": "import sqlite3\nanswer_q1 = 1\nbook = sqlite3.connect('@COURSE@/gradebook.db', timeout=1)\n"
            "book.execute('update grade set manual_score = 5')\nbook.commit()"
        },
    ),
}

LEAKS = {
    "print_hidden_inputs": Attack(
        "leak",
        {
            "q2": "def conv_params(*a, **k):\n    import os, sys\n    print('SEEN_CANARY', a)\n"
            "    print('SEEN_CANARY', a, file=sys.__stderr__ or sys.stderr)\n"
            "    os.write(1, b'SEEN_CANARY'); os.write(2, b'SEEN_CANARY')\n"
            "    try: open('@DROP@/inputs', 'a').write(f'SEEN_CANARY{a}')\n    except OSError: pass\n    return 1",
        },
    ),
    "raise_hidden_inputs": Attack(
        "leak",
        {
            "q2": "def conv_params(*a, **k): raise ValueError(f'SEEN_CANARY {a}')",
            "q3": "def conv_flops(*a, **k): \n"
            "    if a != (1, 1, 1, 1): raise type('SEEN_CANARY' + '_'.join(map(str, a)), (Exception,), {})",
        },
    ),
    "return_hidden_inputs": Attack(
        "leak",
        {
            "q2": "def conv_params(*a, **k): return f'SEEN_CANARY {a}'",
            "q3": "def conv_flops(*a, **k): return {'SEEN_CANARY': a}",
        },
    ),
    "print_them_in_the_replay": Attack(
        "leak",
        {
            "q1": "import os\nanswer_q1 = 1\nfor name in ('/tmp', '/dev/shm', '/box/files', '@DROP@'):\n"
            "    try: print(open(name + '/seen').read())\n    except OSError: pass",
            "q2": "def conv_params(*a, **k):\n    import os\n    for name in ('/tmp', '/dev/shm', '/box/files', '@DROP@'):\n"
            "        try: open(name + '/seen', 'a').write(f'SEEN_CANARY {a}')\n        except OSError: pass\n"
            "    os._exit(1)",
        },
    ),
    "reference_source": Attack(
        "leak", {"q1": drops("reference", "__import__('inspect').getsource(__import__('layercost'))")}
    ),
    "search_the_disk": Attack(
        "leak",
        {
            "q1": drops(
                "disk",
                "[path for folder in ('/', '/usr/lib', '/box') for path, folders, names in __import__('os').walk(folder)"
                " if not path.startswith('/proc') and {'layercost', 'nbgrader', 'submitted', 'counting.py'}"
                " & {*folders, *names} and print('FOUND_CANARY')]",
            )
        },
    ),
    "other_submission": Attack(
        "leak",
        {"q1": drops("other", "open('@COURSE@/submitted/a_victim/counting/convolution.ipynb').read()")},
    ),
    "gradebook": Attack(
        "leak",
        {
            "q1": drops(
                "gradebook",
                "__import__('sqlite3').connect('@COURSE@/gradebook.db')"
                ".execute('select source from source_cell').fetchall()",
            )
        },
    ),
    "solution": Attack(
        "leak", {"q1": drops("solution", "open('@COURSE@/source/counting/convolution.ipynb').read()")}
    ),
    "secret": Attack("leak", {"q1": drops("secret", "open('@COURSE@/secret').read()")}),
    "keys_at_home": Attack("leak", {"q1": drops("keys", "open('@HOME@/.ssh/id_canary').read()")}),
    "environment": Attack(
        "leak",
        {
            "q1": drops(
                "environment",
                "[open(f'/proc/{n}/environ').read() for n in (1, 2, 'self')] + [str(__import__('os').environ)]",
            )
        },
    ),
    "parents_memory": Attack(
        "leak", {"q1": drops("memory", "open(f'/proc/{__import__(\"os\").getppid()}/mem', 'rb').read(9)")}
    ),
    "network": Attack(
        "leak",
        {
            "q2": "def conv_params(*a, **k):\n    import socket\n    for family, place in "
            "((socket.AF_INET, ('127.0.0.1', @PORT@)), (socket.AF_INET6, ('::1', @PORT@))):\n        try:\n"
            "            s = socket.socket(family); s.settimeout(1); s.connect(place)\n"
            "            s.sendall(b'SEEN_CANARY'); s.close()\n        except OSError: pass\n    return 1"
        },
    ),
    "abstract_socket": Attack(
        "leak",
        {
            "q1": "import socket\nanswer_q1 = 1\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0grader-test-@PORT@')\n"
            "s.sendall(b'SEEN_CANARY')"
        },
    ),
    "linked_file": Attack("leak", links={"notes.txt": "@COURSE@/source/counting/convolution.ipynb"}),
    "script_in_output": Attack(
        "leak",
        {
            "q1": "print('<script>window.SCRIPT_CANARY = 1</script><img src=x onerror=\"SCRIPT_CANARY\">')\n"
            "class H:\n    def _repr_html_(self): return '<script>SCRIPT_CANARY</script>'\nanswer_q1 = 1\nH()"
        },
        changes=html_outputs,
    ),
    "script_in_text": Attack(
        "leak",
        {
            "q4": "<script>window.SCRIPT_CANARY = 1</script> <img src=x onerror='SCRIPT_CANARY=1'>\n\n"
            "[a](javascript:SCRIPT_CANARY) [b](java&#115;cript:SCRIPT_CANARY) [c](javascript\\:SCRIPT_CANARY)\n\n"
            "<svg/onload=SCRIPT_CANARY> <a href='vbscript:SCRIPT_CANARY'>x</a> ![x](x \"onerror=SCRIPT_CANARY\")\n\n"
            "$\\href{javascript:SCRIPT_CANARY}{x}$ <javascript:SCRIPT_CANARY> [d][e]\n\n[e]: JaVaScRiPt:SCRIPT_CANARY\n\n"
            "[f](data:text/html,<script>SCRIPT_CANARY</script>) `<script>SCRIPT_CANARY</script>`"
        },
    ),
    "script_in_answer": Attack(
        "leak",
        {
            "q1": "answer_q1 = '<script>SCRIPT_CANARY</script>'",
            "q2": "raise ValueError('<script>SCRIPT_CANARY</script>')",
        },
    ),
}

DAMAGE = {
    "change_a_submission": Attack(
        "damage",
        {
            "q1": "open('@COURSE@/submitted/z_control/counting/convolution.ipynb', 'w').write('{}')\nanswer_q1 = 1"
        },
    ),
    "change_the_source": Attack(
        "damage",
        {"q1": "open('@COURSE@/source/counting/convolution.ipynb', 'a').write(' ')\nanswer_q1 = 1"},
    ),
    "fork_bomb": Attack(
        "damage",
        {
            "q1": "import os, time\nfor _ in range(300):\n    try:\n        if os.fork() == 0:\n            os.setsid()\n"
            "            time.sleep(300)\n    except OSError:\n        break\nanswer_q1 = 1"
        },
    ),
    "threads": Attack(
        "damage",
        {
            "q1": "import threading, time\nfor _ in range(300):\n    threading.Thread(target=time.sleep, args=(300,)).start()"
        },
    ),
    "memory": Attack(
        "damage",
        {"q1": "kept = []\nfor _ in range(30):\n    kept.append(bytearray(100_000_000))\nanswer_q1 = 1"},
    ),
    "memory_in_files": Attack(
        "damage",
        {
            "q1": "import os\nkept = []\nfor _ in range(300):\n    kept.append(os.memfd_create('x'))\n"
            "    for _ in range(30):\n        os.write(kept[-1], bytes(1_000_000))\nanswer_q1 = 1"
        },
    ),
    "shared_memory": Attack(
        "damage",
        {
            "q1": "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\nfor _ in range(30):\n"
            "    number = libc.shmget(0, 500_000_000, 0o1600)\n    assert number != -1\n"
            "    place = libc.shmat(number, None, 0)\n    ctypes.memset(place, 1, 500_000_000)\n"
            "    libc.shmdt(ctypes.c_void_p(place))\nanswer_q1 = 1"
        },
    ),
    "fill_the_disk": Attack(
        "damage",
        {
            "q1": "import os\nfor folder in ('.', '/', '/tmp', '/dev', '/dev/shm', '/box', '/usr/lib', '@DROP@'):\n"
            "    try:\n        for n in range(300):\n            with open(f'{folder}/fill{n}', 'wb') as f:\n"
            "                f.write(bytes(1_000_000))\n    except OSError: pass\nanswer_q1 = 1"
        },
    ),
    "endless_output": Attack("damage", {"q1": "print('x' * 100_000_000)\nanswer_q1 = 1"}),
    "output_past_python": Attack(
        "damage",
        {
            "q1": "import os\nfor n in range(20):\n    try: os.write(n, b'x' * 5_000_000)\n    except OSError: pass\nanswer_q1 = 1"
        },
    ),
    "endless_loop": Attack("damage", {"q1": "while True: pass"}),
    "endless_calls": Attack(
        "damage",
        {
            "q2": "def conv_params(*a, **k):\n    while True: pass",
            "q3": "import time\ndef conv_flops(*a, **k):\n    time.sleep(1000)",
        },
    ),
    "stops_itself": Attack("damage", {"q1": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"}),
    "kills_all": Attack(
        "damage",
        {
            "q1": "import os\nfor pid in (-1, 1, os.getppid()):\n    try: os.kill(pid, 9)\n    except OSError: pass"
        },
    ),
    "never_reads": Attack(
        "damage",
        {"q1": "import os\nfor n in range(3, 20):\n    try: os.close(n)\n    except OSError: pass"},
    ),
    "exit_in_the_call": Attack(
        "damage",
        {
            "q1": "answer_q1 = channels * 148",
            "q2": "def conv_params(cin, cout, k, bias=True): return cout * (cin * k * k + int(bias))",
            "q3": "def conv_flops(*a, **k):\n    import os\n    os._exit(0)",
        },
        points=7.0,
    ),
    "exit_at_the_end": Attack(
        "damage",
        {
            "q1": "import atexit, os, signal\natexit.register(os._exit, 3)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)"
        },
    ),
    "crash": Attack("damage", {"q1": "import ctypes\nctypes.string_at(0)"}),
    "old_schema": Attack("damage", changes=other_schema(1)),
    "future_schema": Attack("damage", changes=other_schema(10**9)),
    "schema_of_text": Attack("damage", changes=other_schema("three")),
    "copied_cells": Attack("damage", changes=copied_cells),
    "odd_metadata": Attack("damage", changes=odd_metadata),
    "pickle": Attack(
        "damage",
        {
            "q1": "import os\nclass P:\n    def __reduce__(self): return (os.system, ('touch @DROP@/pickled',))\nanswer_q1 = P()"
        },
    ),
    "huge_integer": Attack("damage", {"q1": "answer_q1 = 10 ** 3_000_000"}),
    "huge_text": Attack("damage", {"q1": "answer_q1 = 'x' * 100_000_000"}),
    "huge_list": Attack("damage", {"q1": "answer_q1 = [1] * 10_000_000"}),
    "endless_nesting": Attack(
        "damage",
        {
            "q1": "answer_q1 = []\nanswer_q1.append(answer_q1)",
            "q2": "def conv_params(*a, **k):\n    x = []\n    for _ in range(100_000): x = [x]\n    return x",
        },
    ),
    "hostile_repr": Attack(
        "damage",
        {
            "q1": "class R(Exception):\n    def __repr__(self): raise self\n    __str__ = __repr__\nanswer_q1 = R()\nR()",
            "q2": "raise R()",
            "q3": "def conv_flops(*a, **k): raise R()",
        },
    ),
    "deep_recursion": Attack(
        "damage",
        {"q1": "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)"},
    ),
    "deep_source": Attack("damage", {"q1": "answer_q1 = " + "(" * 5000 + "1" + ")" * 5000}),
    "lone_surrogates": Attack("damage", {"q1": "answer_q1 = '\\ud800'\nprint('\\ud800')", "q4": "\ud800"}),
    "strange_file_names": Attack(
        "damage",
        files={"--help": "x", "a\nb.txt": "x", "$(touch pwned).txt": "x", "\u202etxt.exe": "x"},
    ),
}

ATTACKS = {**POINTS, **LEAKS, **DAMAGE}
