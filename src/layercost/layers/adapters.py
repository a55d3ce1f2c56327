"""Low-rank adapters: beside a map whose weights stay as they are, two small ones that are trained.

``W x`` becomes ``W x + B A x``: A brings a token down to `rank` values, B up to the map's outputs, and what
is trained is ``rank (inputs + outputs)`` in place of ``inputs outputs``.
Source: Hu et al. 2021, LoRA: Low-rank adaptation of large language models, section 4.1; library peft.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from layercost.convention import unknown
from layercost.expression import Number, add, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, Shapes, keep, keep_flags, keep_whole, register
from layercost.layers.composite import Sequential
from layercost.layers.joins import Join
from layercost.layers.linear import Linear
from layercost.layers.model import Model
from layercost.layers.parted import Does, Holds, Maps, Parted, Sources
from layercost.message import Message, listing
from layercost.misconception import PRICED, STORED, belief
from layercost.setting import Setting
from layercost.shape import Shape

TOGETHER = "+"  # between the names of maps that are one matrix in a model's code, as q+k+v


def beside(rows: Number, inputs: Number, outputs: Number, rank: Number) -> dict[str, tuple[Operation, ...]]:
    """What an adapter does to `rows` rows: down, up, and its result scaled and added."""
    down, up = times(rows, rank), times(rows, outputs)
    added = (
        Operation(Kind.MULTIPLY, Role.ELEMENTWISE, up),
        Operation(Kind.ADD, Role.ELEMENTWISE, up),
    )
    return {
        "lora_A": (Operation(Kind.DOT, Role.WEIGHTS, down, inputs),),
        "lora_B": (Operation(Kind.DOT, Role.WEIGHTS, up, rank), *added),
    }


@register
@frozen
class LoRA(Layer):
    """``(..., in_features)`` to ``(..., out_features)``: ``y = W x + b + B A x``; A and B alone are trained.

    A is ``rank`` by ``in_features``, B ``out_features`` by ``rank``. W and b are held and not trained.
    Source: Hu et al. 2021, section 4.1; arguments as torch.nn.Linear, and the rank.

    >>> from layercost import PARAMETERS, count
    >>> count(LoRA(4096, 4096, rank=8), PARAMETERS).total
    65536
    """

    in_features: int
    out_features: int
    rank: int = 8
    bias: bool = True

    letters: ClassVar[Mapping[str, str]] = {"in_features": "d_in", "out_features": "d_out", "rank": "r"}
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_features", "out_features", "rank")
        keep_flags(self, "bias")

    @property
    def base(self) -> Linear:
        """The map beside which the adapter stands."""
        return Linear(self.in_features, self.out_features, self.bias)

    def check(self, shape: Shape) -> None:
        self.base.check(shape)

    def parameters(self) -> tuple[Held, ...]:
        return (
            Held("lora_A.weight", times(self.rank, self.in_features)),
            Held("lora_B.weight", times(self.out_features, self.rank)),
        )

    def buffers(self) -> tuple[Held, ...]:
        weight = Held("weight", times(self.out_features, self.in_features))
        return (weight, Held("bias", self.out_features)) if self.bias else (weight,)

    def transform(self, shape: Shape) -> Shape:
        return Linear.transform(self, shape)  # type: ignore[arg-type]  # the same sizes under the same names

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        base = Linear.operations(self, shape, output, setting)  # type: ignore[arg-type]
        rows = setting.batch
        for size in shape[:-1]:
            rows = times(rows, size)
        adapter = beside(rows, self.in_features, self.out_features, self.rank)
        return (*base, *adapter["lora_A"], *adapter["lora_B"])

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        return {"parameters": times(self.rank, self.in_features + self.out_features)}


@frozen
class Fixed(Join):
    """What `layer` reads to what it gives: a layer that training leaves as it is.

    It does what it did; what it holds is stored and not trained.
    """

    layer: Layer

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        return self.layer.fitted(*input_shapes)[0]

    @property
    def at_work(self) -> Layer:
        return self.layer.at_work

    def buffers(self) -> tuple[Held, ...]:
        return (*self.layer.parameters(), *self.layer.buffers())

    def transform(self, *shapes: Shape) -> Shape:
        return self.layer.transform(*shapes)

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return self.layer.operations(*shapes, output=output, setting=setting)

    def written(self, output: Shape, setting: Setting) -> Number:
        return self.layer.written(output, setting)

    def kept(self, *shapes: Shape, setting: Setting) -> tuple[Held, ...]:
        return self.layer.kept(*shapes, setting=setting)

    def __repr__(self) -> str:
        return f"Fixed({self.layer!r})"


@frozen
class Adapted(Fixed, Parted):
    """A layer of named parts with adapters of `rank` beside the maps `targets`; they alone are trained.

    ``("q", "v")`` adapts two maps; ``("q+k+v",)`` one that a model's code keeps as a single matrix, so that
    its A is shared. Raises LayerError for a map that the layer does not have.
    """

    layer: Parted
    rank: int = 8
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keep_whole(self, 1, "rank")
        keep(self, targets=tuple(self.targets))
        known = self.layer.maps()
        for name in self.named():
            if name not in known:
                raise LayerError(
                    Message(
                        "{layer}: {unknown}",
                        layer=type(self.layer).__name__, unknown=unknown(Message("linear map"), name, known),
                    )
                )  # fmt: skip

    @property
    def kind(self) -> str:  # type: ignore[override]
        """What tables of types put before the name of a part."""
        return self.layer.kind

    def named(self) -> Iterator[str]:
        """The maps that have an adapter, those of one matrix one by one."""
        for target in self.targets:
            yield from target.split(TOGETHER)

    def beside(self) -> Iterator[tuple[str, Number, Number]]:
        """Each adapter: the maps beside which it stands, its inputs and its outputs."""
        maps = self.layer.maps()
        for target in self.targets:
            outputs: Number = 0
            for name in target.split(TOGETHER):
                outputs = add(outputs, maps[name][1])
            yield target, maps[target.split(TOGETHER)[0]][0], outputs

    def parameters(self) -> tuple[Held, ...]:
        return Parted.parameters(self)

    def holds(self) -> Holds:
        return {
            f"{target}.{matrix}": (Held("weight", times(self.rank, size)),)
            for target, inputs, outputs in self.beside()
            for matrix, size in (("lora_A", inputs), ("lora_B", outputs))
        }

    def maps(self) -> Maps:
        return self.layer.maps()

    def does(self, *shapes: Shape, output: Shape, setting: Setting) -> Does:
        done = dict(self.layer.does(*shapes, output=output, setting=setting))
        for target, inputs, outputs in self.beside():
            first = done.get(target.split(TOGETHER)[0])
            if first is None:  # the map does not run, as that of keys that were made before
                continue
            maps = self.layer.maps()[target.split(TOGETHER)[0]]
            rows = _rows(first, maps[1])
            for matrix, operations in beside(rows, inputs, outputs, self.rank).items():
                done[f"{target}.{matrix}"] = operations
        return done

    def sources(self) -> Sources:
        """As the layer's own: what reads an adapted map reads its adapter too."""
        own, adapters = self.layer.sources(), dict[str, tuple[str, ...]]()
        for target in self.targets:
            adapters[f"{target}.lora_A"] = own.get(target.split(TOGETHER)[0], ())
            adapters[f"{target}.lora_B"] = (f"{target}.lora_A",)
        return {**own, **adapters}

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        done = self.does(*shapes, output=output, setting=setting).values()
        return tuple([one for part in done for one in part])

    def __repr__(self) -> str:
        return f"Adapted({self.layer!r}, rank={self.rank}, targets={self.targets!r})"


def _rows(operations: tuple[Operation, ...], outputs: Number) -> int:
    """How many rows a map works on: its dot products, over its outputs."""
    dots = next(one for one in operations if one.kind is Kind.DOT)
    return int(dots.amount) // int(outputs)


# ---- a whole model with adapters -----------------------------------------------------------------

ALL_LINEAR = "all-linear"  # as peft has it: every Linear but the one that gives scores
NOT_LINEAR = ("head", "patch")  # the convolution that cuts an image is none either

# What the modules of current models are called, and which maps of our layers they are. Where a name means
# other maps in some family, its models say so in `modules`.
MODULES: dict[str, tuple[str, ...]] = {
    name: (part,)
    for part, names in {
        "q": "q_proj query q_lin", "k": "k_proj key k_lin", "v": "v_proj value v_lin",
        "q+k+v": "c_attn query_key_value qkv_proj Wqkv",
        "o": "o_proj out_proj out_lin dense",
        "gate": "gate_proj wi_0", "gate+up": "gate_up_proj",
        "up": "up_proj fc1 c_fc fc_in wi wi_1 lin1 dense_h_to_4h ffn",
        "down": "down_proj fc2 c_proj fc_out wo lin2 dense_4h_to_h ffn_output",
        "q_down": "q_a_proj", "q_up": "q_b_proj", "kv_down": "kv_a_proj_with_mqa", "kv_up": "kv_b_proj",
        "head": "lm_head embed_out classifier score", "head_transform": "pre_classifier",
        "embedding.token": "embed_tokens word_embeddings embed_in wte shared",
    }.items()
    for name in names.split()
}  # fmt: skip


def with_lora(model: Layer, rank: int, targets: Iterable[str], whole: Iterable[str] = ()) -> Layer:
    """`model` with adapters of `rank` beside its maps `targets`; all else is held and not trained.

    A target is the name of a part (q, k, v, o, gate, up, down, ...), of a module in a current model (q_proj,
    c_attn, ...), or of a Linear by the last part of its path; all-linear are all maps but the head's. Maps
    that are one matrix in the model's code are written with a plus, as q+k+v: they share A. The experts of a
    mixture have none: current code keeps all of one map as a single tensor.

    What stands under a name in `whole` is trained as it is, as the head of a classifier (peft:
    modules_to_save, which counts the values that it started from once more). What is trained are then the
    parameters of the result, and all that it holds are its stored values. Raises LayerError where a name is
    not found.

    >>> from layercost import FeedForward, PARAMETERS, count
    >>> count(with_lora(FeedForward(768, 3072), 4, ["up"]), PARAMETERS).total
    15360
    """
    leaves = [(path, leaf) for path, leaf in model.leaves()]
    paths, known = {id(leaf): path for path, leaf in leaves}, _maps_of(leaves)
    meant = {target: _ending(_meant(model, target, known), known) for target in targets}
    wanted = list(dict.fromkeys(part for parts in meant.values() for part in parts))
    kept = {id(leaf): leaf for name in whole for leaf in _standing_under(model, name, leaves)}
    changed: dict[int, Layer] = dict(kept)
    found: set[str] = set()

    def change(leaf: Layer, _: Shape | None) -> Layer:
        if id(leaf.at_work) in kept:  # the head that works with a table which is trained
            return leaf
        if id(leaf) not in changed:  # a layer in two places stays one layer
            changed[id(leaf)] = _adapted(leaf, rank, wanted, paths.get(id(leaf), ""), found)
        return changed[id(leaf)]

    built = model.rebuilt(change, None)
    for target, parts in meant.items():
        if found.isdisjoint(parts):
            raise LayerError(Message("with_lora: {unknown}", unknown=unknown(LINEAR_MAP, target, known)))
    return _named_as(model, built, rank, wanted, tuple(whole))


LINEAR_MAP = Message("linear map")


def _maps_of(leaves: Iterable[tuple[str, Layer]]) -> dict[str, None]:
    """The names of all maps beside which an adapter can stand, in their order."""
    known: dict[str, None] = {}
    for path, leaf in leaves:
        known.update(dict.fromkeys(leaf.maps() if isinstance(leaf, Parted) else ()))
        if isinstance(leaf, Linear):
            known[path.rpartition(".")[2]] = None
    return known


def _meant(model: Layer, name: str, own: Iterable[str]) -> tuple[str, ...]:
    """The parts that a name means: the model's `own` one, what its family calls so, or what others do."""
    if name in own:
        return (name,)
    modules: Mapping[str, tuple[str, ...]] = getattr(model, "modules", {})
    if name == ALL_LINEAR and name not in modules:
        names = [part for part in own if part not in NOT_LINEAR]
        if "router" in own:
            raise LayerError(
                Message("with_lora: which maps of a mixture are Linear differs between versions of its code; "
                        "name them in place of {name}: {maps}", name=name, maps=listing(names))
            )  # fmt: skip
        return tuple(names)
    return modules.get(name) or MODULES.get(name, (name,))


def _ending(parts: tuple[str, ...], known: Iterable[str]) -> tuple[str, ...]:
    """The same, and the maps of a shared expert, whose names end so."""
    longer = [name for name in known for part in parts if name.endswith(f".{part}")]
    return (*parts, *longer)


def _standing_under(model: Layer, name: str, leaves: list[tuple[str, Layer]]) -> list[Layer]:
    """The layers with values of their own that stand under a name, the model's or its module's."""
    parts = _meant(model, name, [path for path, _ in leaves])
    under = [leaf for path, leaf in leaves if any(f".{part}." in f".{path}." for part in parts)]
    if not under:
        known = dict.fromkeys(path.rpartition(".")[2] for path, leaf in leaves if leaf.parameters())
        raise LayerError(Message("with_lora: {unknown}", unknown=unknown(Message("layer"), name, known)))
    holding = [leaf for leaf in under if leaf.parameters()]
    if not holding:
        raise LayerError(
            Message("with_lora: {name} has nothing of its own to train: it works with another layer's values",
                    name=repr(name))
        )  # fmt: skip
    return holding


def without_lora(model: Layer) -> Layer:
    """The model beside whose maps adapters were put: every layer as it was, and trained again."""
    before: dict[int, Layer] = {}

    def change(leaf: Layer, _: Shape | None) -> Layer:
        return before.setdefault(id(leaf), _base_of(leaf))

    return model.rebuilt(change, None)


def _base_of(leaf: Layer) -> Layer:
    if isinstance(leaf, Fixed):
        return leaf.layer
    return leaf.base if isinstance(leaf, LoRA) else leaf


def _named_as(model: Layer, built: Layer, rank: int, wanted: list[str], whole: tuple[str, ...]) -> Layer:
    """What was built, under the name of the model: its version says what was added."""
    if not isinstance(model, Model) or not isinstance(built, Sequential):
        return built
    twin: Model = object.__new__(type(model))
    twin.__dict__.update(model.__dict__)
    version = f"{model.version}, LoRA of rank {rank} on {', '.join(wanted)}"
    if whole:
        version += f", beside {', '.join(whole)}"
    keep(twin, children=built.children, version=version)
    return twin


def _adapted(leaf: Layer, rank: int, wanted: list[str], path: str, found: set[str]) -> Layer:
    """One leaf, with the adapters that it gets; `found` is what was found so far."""
    if isinstance(leaf, Parted):
        maps = leaf.maps()
        mine = tuple([target for target in wanted if set(target.split(TOGETHER)) <= set(maps)])
        found.update(mine)
        return Adapted(leaf, rank, mine) if mine else Fixed(leaf)
    name = path.rpartition(".")[2]
    if isinstance(leaf, Linear) and name in wanted:
        found.add(name)
        return LoRA(leaf.in_features, leaf.out_features, rank, leaf.bias)
    uses_weights = leaf.parameters() or leaf.at_work is not leaf  # its own, or a table of another layer
    return Fixed(leaf) if uses_weights else leaf


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "rank-times-both",
    Message("You multiplied the two sizes: the adapter's matrices meet at the rank, so their sizes add up."),
    LoRA, STORED,
)  # fmt: skip
class _RankTimesBoth(LoRA):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("lora.weight", times(self.rank, times(self.in_features, self.out_features))),)


@belief(
    "one-adapter-matrix",
    Message("You counted one matrix: an adapter has two, down to the rank and up again."),
    LoRA, STORED | PRICED,
)  # fmt: skip
class _OneAdapterMatrix(LoRA):
    def parameters(self) -> tuple[Held, ...]:
        return super().parameters()[:1]

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        every, up = super().operations(shape, output, setting), -3  # before it is scaled and added
        return (*every[:up], *every[up + 1 :])


@belief(
    "rank-squared",
    Message("You squared the rank: it meets the sizes of the map, one in each of the adapter's matrices."),
    LoRA, STORED,
)  # fmt: skip
class _RankSquared(LoRA):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("lora.weight", times(self.rank, self.rank)),)


@belief(
    "map-trained-without-adapter",
    Message("You trained the map: it stays as it is, and the adapter beside it is trained."),
    LoRA, STORED,
)  # fmt: skip
class _MapTrained(LoRA):
    def parameters(self) -> tuple[Held, ...]:
        return super().buffers()

    def buffers(self) -> tuple[Held, ...]:
        return ()


@belief(
    "base-trained",
    Message("You counted the map itself as trained: it stays as it is, and the adapter alone is trained."),
    LoRA, STORED,
)  # fmt: skip
class _BaseTrained(LoRA):
    def parameters(self) -> tuple[Held, ...]:
        return (*super().buffers(), *super().parameters())

    def buffers(self) -> tuple[Held, ...]:
        return ()


@belief(
    "adapter-in-place-of-map",
    Message("You left out the map itself: the adapter stands beside it, and both run."),
    LoRA, PRICED,
)  # fmt: skip
class _AdapterInPlaceOfMap(LoRA):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        skipped = 2 if self.bias else 1
        return super().operations(shape, output, setting)[skipped:]
