"""Run once, before the browser's Python is written out: take from its memory what no explorer asks for.

- the docstrings of all that was imported;
- the line numbers of other people's code (ours keeps them, so that a traceback points into it);
- caches, which fill again.
"""

import contextlib
import gc
import linecache
import re
import sys
import types
import zipimport

HAS_DOCSTRING = 0x4000000  # inspect's name for it, CO_HAS_DOCSTRING, is younger than some Pythons
OURS = ("layercost", "course_bridge")


def _without_lines(code: types.CodeType) -> bytes:
    """A table of no lines, eight instructions to a byte; with an empty one, a traceback would crash."""
    eights, rest = divmod(len(code.co_code) // 2, 8)
    return b"\xff" * eights + (bytes([0xF8 | rest - 1]) if rest else b"")


def _slim(code: types.CodeType, ours: bool) -> types.CodeType:
    constants = tuple(_slim(c, ours) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    if code.co_flags & HAS_DOCSTRING:
        constants = (None, *constants[1:])
    return code.replace(
        co_consts=constants,
        co_flags=code.co_flags & ~HAS_DOCSTRING,
        co_linetable=code.co_linetable if ours else _without_lines(code),
    )


def _slim_function(function: types.FunctionType) -> None:
    function.__code__ = _slim(function.__code__, str(function.__module__).partition(".")[0] in OURS)
    function.__doc__ = None


def _slim_everything() -> None:
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType):
            _slim_function(thing)
        elif isinstance(thing, types.ModuleType):
            thing.__doc__ = None
        elif isinstance(thing, type) and isinstance(thing.__dict__.get("__doc__"), str):
            with contextlib.suppress(TypeError, AttributeError):  # a type of C: its text is the module's
                thing.__doc__ = None


def _empty_caches() -> None:
    linecache.clearcache()
    re.purge()
    zipimport._zip_directory_cache.clear()  # noqa: SLF001
    sys.path_importer_cache.clear()
    sys._clear_internal_caches()  # noqa: SLF001


_slim_everything()
_empty_caches()
gc.collect()
