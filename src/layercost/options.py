"""What options of the commands take: counts as they are typed, and names of which there are a few."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from layercost.arithmetic import Unworkable, whole_numbers
from layercost.convention import UnknownNameError
from layercost.layers.model import Model
from layercost.message import Message, Words, message_of
from layercost.models.known import KNOWN, is_there, model_named
from layercost.networks import NETWORKS, network_named
from layercost.shape import ShapeError, shown, whole


def count_of(option: str, at_least: int = 1) -> Callable[[str], int]:
    """Reads a whole number, or arithmetic that gives one; raises ShapeError that names the option."""
    return lambda text: counted(text, f"--{option}", at_least)


def counted(text: str, taker: Words, at_least: int = 1) -> int:
    """A whole number as it is typed, or arithmetic that gives one; raises ShapeError by its `taker`."""
    wanted = Message("{taker} takes a whole number of at least {least}, but got {text}",
                     taker=taker, least=at_least, text=shown(text))  # fmt: skip
    try:
        numbers = whole_numbers(text)
    except Unworkable as error:
        raise ShapeError(Message("{wanted}: {error}", wanted=wanted, error=message_of(error))) from None
    if len(numbers) != 1 or numbers[0] < at_least:
        raise ShapeError(wanted)
    return whole(taker, Message("the number"), numbers[0], at_least)


def image_size(text: str, taker: Words = "--size") -> tuple[int, int]:
    """Height and width as they are typed, ``224x224``, or one for both; raises ShapeError by its `taker`."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) not in (1, 2) or not all(part.isdecimal() and 0 < len(part) < 7 for part in parts):
        raise ShapeError(
            Message(
                "{taker} takes height and width, as 224x224, but got {text}", taker=taker, text=shown(text)
            )
        )
    return int(parts[0]), int(parts[-1])


def one_of(what: Message, known: Iterable[str]) -> Callable[[str], str]:
    """Reads one of the names that there are; raises UnknownNameError with the nearest."""
    names = list(known)

    def read(text: str) -> str:
        if text not in names:
            raise UnknownNameError(what, text, names)
        return text

    return read


def check_name(name: str) -> None:
    """Raise UnknownNameError, with the nearest of both, for what is no network and no known model.

    Raises ValueError for a file or folder: those that are read have been told apart by what they are called.
    """
    plain = name.partition(":")[0]
    if plain not in NETWORKS and name not in KNOWN:
        if is_there(name):
            raise ValueError(
                f"{name}: expected a file that is called .onnx or .json, or a folder with a config.json in it"
            )
        raise UnknownNameError(Message("network"), plain, (*NETWORKS, *KNOWN))


def by_name(name: str, version: str | None = None) -> Model:
    """The network of a name, or a model from its configuration; raises UnknownNameError."""
    if name in KNOWN and version is None:
        return model_named(name)
    check_name(name)
    return network_named(name, version)


def names_of(option: str, example: str) -> Callable[[str], tuple[str, ...]]:
    """Reads names with commas between them; raises ShapeError that names the option where there is none."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple([name.strip() for name in text.split(",") if name.strip()])
        if not names:
            raise ShapeError(f"--{option} takes names, as {example}, but got {shown(text)}")
        return names

    return read


def check_text(option: str, model: str, shape: Iterable[object], instead: str = "") -> None:
    """Raise ValueError for a number of tokens of what is no text; `instead` says what else to give."""
    sizes = tuple(shape)
    if len(sizes) != 1:
        there = "x".join(map(str, sizes))
        raise ValueError(f"--{option} is for text, but {model} reads {there} there{instead}")


def sizes(text: str, taker: Words = "--input") -> tuple[int, ...]:
    """A shape as it is typed, ``3x32x32``, ``3,32,32`` or ``3x2*16x32``; raises ShapeError by its `taker`."""
    typed = text.replace("×", "x").lower()
    try:
        found = whole_numbers(typed.replace("x", ","))
        if typed.endswith("x") or min(found, default=0) < 0:
            raise Unworkable("a size is missing or below 0")
    except Unworkable as error:
        raise ShapeError(
            Message(
                "{taker} takes sizes without the batch, as 3x32x32 or 300 (3*32*32 is worked out), "
                "but got {text}: {error}",
                taker=taker,
                text=shown(text),
                error=message_of(error),
            )
        ) from None
    return found
