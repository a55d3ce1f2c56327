"""What a counting tool gets to see: each call of a layer, with everything about it that some tool looks at.

A tool that hooks modules does not see a function, one that patches functions does not see an operator,
one that traces sees all of them. So a call knows how it is spelled, and where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

from layercost.convention import UnknownNameError
from layercost.counting import Work, is_unknown
from layercost.facts import Kind, Operation, Role
from layercost.layer import Call, Layer
from layercost.layers import Identity, ZeroPaddedShortcut
from layercost.layers.joins import Concatenate, Join
from layercost.layers.model import Model, Spelling
from layercost.layers.parted import Parted
from layercost.layers.recurrent import Recurrent
from layercost.message import Message
from layercost.models.leaves import Applied
from layercost.setting import INFERENCE, Setting
from layercost.shape import Sequence, Shape, Tokens, shape_of, whole


def spelling_named(name: str | Spelling) -> Spelling:
    """The spelling of that name, as "function"; raises UnknownNameError."""
    known = {spelling.value: spelling for spelling in Spelling}
    if isinstance(name, Spelling):
        return name
    if name not in known:
        raise UnknownNameError(Message("spelling"), name, known)
    return known[name]


_FUNCTIONS = (Concatenate, ZeroPaddedShortcut, Identity)  # a shortcut is the input itself


def usual_spelling(layer: Layer) -> Spelling:
    """How a call is written where nobody says otherwise."""
    if isinstance(layer, _FUNCTIONS):
        return Spelling.FUNCTION
    is_operator = isinstance(layer, Join) and not isinstance(layer, Parted)  # maps with weights are modules
    return Spelling.OPERATOR if is_operator else Spelling.MODULE


@dataclass(frozen=True)
class Context:
    """Everything beside the layer and its input that some tool's reading depends on.

    `spelling` says for the path of a call, or for a layer's type, how calls are written. `held_by_parent`
    values are parameters that belong to the module around, not to a layer. `bare` says that the layer itself
    is handed to the tool, with no module around it. `starts_at_zero` names the types whose biases are all
    zero.
    """

    setting: Setting = INFERENCE
    spelling: Mapping[str, Spelling] = field(default_factory=dict)
    held_by_parent: int = 0
    bare: bool = False
    starts_at_zero: tuple[str, ...] = ()

    def spelled(self, call: Call) -> Spelling:
        """How a call is written: as told for its path, or for its layer's type."""
        layer = applied(call.layer)
        told = self.spelling.get(call.path) or self.spelling.get(type(layer).__name__)
        return told or (Spelling.MODULE if self.bare else usual_spelling(layer))


def applied(layer: Layer) -> Layer:
    """The layer that runs: a tool does not see where its weights come from."""
    while isinstance(layer, Applied):
        layer = layer.layer
    return layer


def context_of(
    layer: Layer,
    setting: Setting,
    spelling: Mapping[str, str | Spelling] | str | None = None,
    held_by_parent: int = 0,
    bare: bool | None = None,
) -> Context:
    """The context of a reading; a model is spelled as its own code is, unless told otherwise.

    `spelling` is one for all layers, or one for each type's name. Raises UnknownNameError, ShapeError.
    """
    if isinstance(spelling, str):
        spelling = {type(leaf).__name__: spelling for _, leaf in layer.leaves()}
    told = {kind: spelling_named(value) for kind, value in (spelling or {}).items()}
    written = layer.spelling if isinstance(layer, Model) else {}
    return Context(
        setting=setting,
        spelling={**written, **told},
        held_by_parent=whole("a reading", "held_by_parent", held_by_parent, 0),
        bare=layer.is_leaf if bare is None else bare and layer.is_leaf,
        starts_at_zero=layer.starts_at_zero if isinstance(layer, Model) else (),
    )


class Visit:
    """One call as a tool meets it: a `Call` that runs, its context, and the sizes that price lists name."""

    def __init__(self, call: Call, context: Context, time_first: bool) -> None:
        self.call, self.context, self.time_first = call, context, time_first
        self.layer = applied(call.layer)
        self.spelling = context.spelled(call)

    @property
    def kind(self) -> str:
        """The layer's type by name, as PyTorch calls it."""
        return type(self.layer).__name__

    @property
    def is_module(self) -> bool:
        """Whether a hook on modules sees the call."""
        return self.spelling.is_module

    @property
    def has_module(self) -> bool:
        """Whether the call is all that one module does, one of the model's own perhaps."""
        return self.spelling.has_module

    @property
    def is_fused(self) -> bool:
        """Whether it happens inside of something that runs as one operator, on the CPU and at inference."""
        return self.spelling in (Spelling.FUSED, Spelling.FUSED_MODULE)

    @property
    def bare(self) -> bool:
        """Whether the layer is handed to the tool itself, without a module around it."""
        return self.context.bare

    @property
    def batch(self) -> int:
        """The samples of a batch; what happens once happens to one."""
        return 1 if self.call.once else int(self.context.setting.batch)

    @cached_property
    def input(self) -> tuple[int, ...]:
        """The input's sizes without the batch."""
        return tuple(map(int, self.call.input_shape))

    @cached_property
    def output(self) -> tuple[int, ...]:
        """The output's sizes without the batch."""
        return tuple(map(int, self.call.output_shape))

    @cached_property
    def inputs(self) -> int:
        """The values of the input, of the whole batch."""
        return self.batch * prod(self.input)

    @cached_property
    def outputs(self) -> int:
        """The values of the output, of the whole batch."""
        return self.batch * prod(self.output)

    @cached_property
    def work(self) -> Work:
        """What truly happens and is written, by our own count."""
        return self.call.work(self.context.setting)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What truly happens, by our own count."""
        return self.work[0]

    @property
    def is_unknown(self) -> bool:
        """Whether we do not know ourselves what happens; a tool may see more in it, modules too."""
        return is_unknown(self.operations)

    @cached_property
    def macs(self) -> int:
        """The multiply-accumulates that truly happen."""
        dots = (operation for operation in self.operations if operation.kind is Kind.DOT)
        return sum(int(dot.amount) * int(dot.length) for dot in dots)

    @cached_property
    def bias_adds(self) -> int:
        """The additions of biases that truly happen."""
        return sum(int(operation.amount) for operation in self.operations if operation.role is Role.BIAS)

    @cached_property
    def kernel(self) -> tuple[int, ...]:
        """The sizes of the kernel or window; empty where the layer has none."""
        return tuple(map(int, getattr(self.layer, "kernel_size", ())))

    @cached_property
    def uneven_padding(self) -> tuple[int, ...]:
        """Along each axis, the cell that padding='same' puts on one side more than on the other, 0 or 1."""
        if getattr(self.layer, "padding", 0) != "same":
            return ()
        dilation = map(int, getattr(self.layer, "dilation", ()))
        return tuple(d * (k - 1) % 2 for k, d in zip(self.kernel, dilation, strict=True))

    @property
    def has_bias(self) -> bool:
        """Whether the layer adds a bias."""
        return bool(getattr(self.layer, "bias", False))

    @property
    def leading(self) -> int:
        """The output's first axis as PyTorch lays it out: the batch, or time where it is first."""
        return leading(self.call.output_shape, self.batch, self.time_first)

    @cached_property
    def parameters(self) -> int:
        """The values that PyTorch's module trains: its recurrent layers have two bias vectors."""
        return torch_parameters(self.layer)


def leading(shape: Shape, batch: int, time_first: bool) -> int:
    """The size of the first axis of a batch of `shape`, as PyTorch lays it out."""
    return int(shape[0]) if time_first and isinstance(shape, (Sequence, Tokens)) else batch


def torch_parameters(layer: Layer) -> int:
    """The values that PyTorch's module of that name trains."""
    if isinstance(layer, Recurrent) and layer.bias_vectors != 2:
        layer = replace(layer, bias_vectors=2)
    return sum(int(held.size) for held in layer.parameters())


class Run:
    """A layer or network as one tool walks it: every call that it meets, and what the whole holds."""

    def __init__(self, layer: Layer, shapes: tuple[Iterable[object], ...], context: Context) -> None:
        self.layer, self.context = layer, context
        calls = list(layer.calls(*shapes))
        running = [call for call in calls if call.runs(context.setting)]
        self.calls = tuple(calls)
        first = next((call.layer for call in running if isinstance(call.layer, Recurrent)), None)
        self.time_first = first is not None and not first.batch_first
        self.visits = tuple(Visit(call, context, self.time_first) for call in running)
        self.input_shape = shape_of(shapes[0], type(layer).__name__)

    @property
    def leading(self) -> int:
        """The size of the first axis of what goes in: the batch, or time where it is first."""
        return leading(self.input_shape, int(self.context.setting.batch), self.time_first)

    @property
    def layers(self) -> Iterator[Layer]:
        """Every layer that is held, once, whether it runs or not."""
        seen: set[int] = set()
        for _, leaf in self.layer.leaves():
            if id(leaf) not in seen:
                seen.add(id(leaf))
                yield leaf

    @cached_property
    def called(self) -> tuple[Visit, ...]:
        """The first call of each layer that runs."""
        seen: set[int] = set()
        return tuple(v for v in self.visits if not (id(v.layer) in seen or seen.add(id(v.layer))))  # type: ignore[func-returns-value]

    @cached_property
    def parameters(self) -> int:
        """What ``model.parameters()`` adds up to."""
        return self.context.held_by_parent + sum(map(torch_parameters, self.layers))

    @cached_property
    def has_modules(self) -> bool:
        """Whether any module stands inside the one that is handed to the tool, or it is a layer itself."""
        return any(visit.is_module for visit in self.visits)
