"""The registry of networks: functions that give a `Model`, by name and version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from layercost.convention import UnknownNameError
from layercost.layers.model import Model, Spelling
from layercost.message import Message

# How torchvision's code of a network without branches spells what is not a plain module.
FEED_FORWARD: Mapping[str, Spelling] = {"ReLU": Spelling.IN_PLACE_MODULE, "Flatten": Spelling.FUNCTION}


@dataclass(frozen=True)
class NetworkEntry:
    """What `layercost networks` says of a network."""

    name: str
    title: str
    versions: Mapping[str, Message]
    default: str
    build: Callable[..., Model]


NETWORKS: dict[str, NetworkEntry] = {}


def network(
    title: str, versions: Mapping[str, Message], default: str
) -> Callable[[Callable[..., Model]], Callable[..., Model]]:
    """Register a function ``name(version=default)`` under its name, with what each version is."""

    def registered(build: Callable[..., Model]) -> Callable[..., Model]:
        NETWORKS[build.__name__] = NetworkEntry(build.__name__, title, versions, default, build)
        return build

    return registered


def check_version(name: str, version: str) -> None:
    """Raise UnknownNameError with the nearest versions where `name` has no such version."""
    versions = NETWORKS[name].versions
    if version not in versions:
        raise UnknownNameError(Message("version of {name}", name=name), version, versions)


def network_named(name: str, version: str | None = None, **arguments: Any) -> Model:
    """The network of that name, as ``resnet50`` or ``resnet50:v1``, in its default version unless told.

    Raises UnknownNameError for a name or a version that nobody has.
    """
    plain, _, named = name.partition(":")
    if plain not in NETWORKS:
        raise UnknownNameError(Message("network"), plain, NETWORKS)
    if named and version not in (None, named):
        raise ValueError(
            Message(
                "two versions are asked for: {name} and {version}; leave one of them out",
                name=name,
                version=version,
            )
        )
    entry = NETWORKS[plain]
    return entry.build(version=named or version or entry.default, **arguments)
