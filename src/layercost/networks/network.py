"""A network: a tree of layers with a name, a version and a source; and the registry of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from layercost.convention import UnknownNameError
from layercost.frozen import frozen
from layercost.layer import Layer
from layercost.layers import Sequential


@frozen(init=False)
class Network(Sequential):
    """A `Sequential` that knows its name, its version, its source and its usual input shape."""

    name: str
    version: str
    source: str
    input_shape: tuple[int, ...]

    def __init__(
        self, layers: dict[str, Layer], *, name: str, version: str, source: str, input_shape: tuple[int, ...]
    ) -> None:
        super().__init__(layers)
        for field, value in {
            "name": name,
            "version": version,
            "source": source,
            "input_shape": input_shape,
        }.items():
            object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        return f"<{self.name}, version {self.version}>"


@dataclass(frozen=True)
class NetworkEntry:
    """What `layercost networks` says of a network."""

    name: str
    title: str
    versions: Mapping[str, str]
    default: str
    build: Callable[..., Network]


NETWORKS: dict[str, NetworkEntry] = {}


def network(
    title: str, versions: Mapping[str, str], default: str
) -> Callable[[Callable[..., Network]], Callable[..., Network]]:
    """Register a function ``name(version=default)`` under its name, with what each version is."""

    def registered(build: Callable[..., Network]) -> Callable[..., Network]:
        NETWORKS[build.__name__] = NetworkEntry(build.__name__, title, versions, default, build)
        return build

    return registered


def check_version(name: str, version: str) -> None:
    """Raise UnknownNameError with the nearest versions where `name` has no such version."""
    versions = NETWORKS[name].versions
    if version not in versions:
        raise UnknownNameError(f"version of {name}", version, versions)


def network_named(name: str, version: str | None = None, **arguments: Any) -> Network:
    """The network of that name, as ``resnet50`` or ``resnet50:v1``, in its default version unless told.

    Raises UnknownNameError for a name or a version that nobody has.
    """
    plain, _, named = name.partition(":")
    if plain not in NETWORKS:
        raise UnknownNameError("network", plain, NETWORKS)
    if named and version not in (None, named):
        raise ValueError(f"two versions are asked for: {name} and {version}; leave one of them out")
    entry = NETWORKS[plain]
    return entry.build(version=named or version or entry.default, **arguments)
