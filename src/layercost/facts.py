"""What happens in a layer: the operations that it performs, the values that it holds and writes.

Facts carry no price. A dot product of length 25 is one fact; that it costs 25 MACs, 50 FLOPs or 49
is said by a `layercost.convention.Convention`. Every size is a plain integer or an `Expression`.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from layercost.expression import Number
from layercost.message import Message


class Kind(Enum):
    """The primitive operations. The first four are taken over `length` values at once."""

    DOT = "dot product"
    SUM = "sum"
    MAXIMUM = "maximum"
    SOFTMAX = "softmax"
    ADD = "addition"
    SUBTRACT = "subtraction"
    MULTIPLY = "multiplication"
    DIVIDE = "division"
    COMPARE = "comparison"
    EXPONENTIAL = "exponential"
    SQUARE_ROOT = "square root"
    POWER = "power"
    RELU = "ReLU"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    GELU = "GELU"
    LOGARITHM = "logarithm"
    SINE = "sine"
    COSINE = "cosine"
    ABSOLUTE = "absolute value"
    NEGATE = "change of sign"
    ROUND = "rounding"
    ERROR_FUNCTION = "error function"
    MASKED = "multiply-accumulate of a masked pair"  # within a dot product; see IN_OTHERS
    LOOKUP = "row that is looked up"  # over the rows of the table; see IN_OTHERS
    UNKNOWN = "unknown operation"  # of a model read from elsewhere; no convention has a price for it

    __hash__ = object.__hash__  # each member exists once; Enum's own hash is slow where prices are looked up


# What is noted and is no operation of its own: a share of the dot products beside it, which a kernel may
# skip, and a row that is copied, which a product with a vector of zeros and a one would give. A convention
# may have a price for it; one that has none leaves nothing out.
IN_OTHERS = frozenset({Kind.MASKED, Kind.LOOKUP})


class Role(Enum):
    """What an operation is for; a convention may price a bias otherwise than a residual addition."""

    WEIGHTS = "weights"
    BIAS = "bias"
    NORMALIZATION = "normalization"
    ACTIVATION = "activation"
    POOLING = "pooling"
    ELEMENTWISE = "element-wise"
    PRODUCT = "product of two inputs"

    __hash__ = object.__hash__


class Operation(NamedTuple):
    """`amount` operations of one kind, each over `length` values."""

    kind: Kind
    role: Role
    amount: Number
    length: Number = 1

    @property
    def in_words(self) -> Message:
        """In words, as ``1,176 × maximum over 4 (pooling)``."""
        kind, role, amount, length = Message(self.kind.value), Message(self.role.value), *map(int, self[2:])
        if isinstance(self.length, int) and length == 1:
            return Message("{amount:,} × {kind} ({role})", amount=amount, kind=kind, role=role)
        return Message(
            "{amount:,} × {kind} over {length:,} ({role})", amount=amount, kind=kind, length=length, role=role
        )

    def describe(self) -> str:
        """The same, spoken."""
        return str(self.in_words)


class Held(NamedTuple):
    """`size` values that a layer keeps under `name`."""

    name: str
    size: Number

    @property
    def trained(self) -> bool:
        """Whether training changes these values."""
        return True

    @property
    def is_bias(self) -> bool:
        """Whether the name says that these values are added: ``bias``, ``bias_ih_l0``, Keras's ``beta``.

        The shift of a normalization is one of them. Whatever else is trained counts as weights: kernels,
        embeddings, the scales of a normalization.
        """
        last = self.name.replace("/", ".").rpartition(".")[2].casefold()
        return last in ("bias", "beta") or last.startswith("bias_") or last.endswith("_bias")


class HeldFast(Held):
    """Values that a model has among its parameters and that training leaves as they are: a stored table."""

    __slots__ = ()

    @property
    def trained(self) -> bool:
        return False


class Facts(NamedTuple):
    """Everything that one call of a layer does, for the whole batch.

    `parameters` are trained, unless one says that it is not; `buffers` are stored and not trained; `written`
    are the values of the output that are new (a view writes none). `kept` are the values that the next tokens
    read: keys and values of an attention, the state of a recurrence.
    """

    parameters: tuple[Held, ...]
    buffers: tuple[Held, ...]
    operations: tuple[Operation, ...]
    written: Number
    kept: tuple[Held, ...] = ()
