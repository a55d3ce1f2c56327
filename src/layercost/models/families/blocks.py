"""What families share: blocks of layers and how they are joined, embeddings, heads, fields of attention."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from layercost.facts import Held
from layercost.layer import Layer
from layercost.layers.composite import Sequential
from layercost.layers.graph import Graph, Node
from layercost.layers.joins import Add
from layercost.layers.linear import Linear
from layercost.layers.positions import LearnedPositions
from layercost.message import Message
from layercost.models.families.family import Asked
from layercost.models.families.fields import Derived, Fields, same_as
from layercost.models.leaves import Applied, LastPosition

K = TypeVar("K", bound=Hashable)

ACTIVATIONS = {
    **dict.fromkeys(
        ("gelu", "gelu_new", "gelu_fast", "gelu_python", "gelu_10", "gelu_pytorch_tanh", "gelu_python_tanh",
         "gelu_accurate", "quick_gelu"),
        "GELU",
    ),
    **dict.fromkeys(("silu", "swish"), "SiLU"),
    "relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "linear": "Identity",
}  # fmt: skip
_SUM, _SUM_OF_THREE = Add(2), Add(3)  # they hold nothing, so that one may stand everywhere


def activation(fields: Fields, *names: str, default: str) -> str:
    """The layer of an activation, by the name that configurations have for it.

    Of several fields the first that is there counts: Gemma's files keep an older one beside it.
    """
    there = [name for name in names if fields.values.get(name) is not None]
    names = (*there[:1],) or names[:1]
    return str(
        fields.choice(*names, known=ACTIVATIONS, default=default, what=Message("activation known here"))
    )


HEAD_SIZE = Message("hidden_size / num_attention_heads")


# ---- the fields of attention ---------------------------------------------------------------------


def head_size(fields: Fields, width: int, heads: int) -> int:
    """`head_dim` where the file has it, else the width by the heads, which then have to divide it."""
    if fields.values.get("head_dim") is None and width % heads:
        _undivided(fields, width, heads)
    size = fields.whole("head_dim", default=Derived(width // heads, HEAD_SIZE))
    if size * heads != width:
        fields.note(
            Message("Heads of {size} make {heads} x {size} = {all:,}, and the width is {width:,}: this class "
                    "allows it.", size=size, heads=heads, all=size * heads, width=width)
        )  # fmt: skip
    return size


def even_head_size(fields: Fields, width: int, heads: int) -> int:
    """The width by the heads, for classes that know no other size; a file that says otherwise is refused."""
    if width % heads:
        _undivided(fields, width, heads)
    fields.only(width // heads, "head_dim", why=Message("this class divides the width by the heads"))
    return width // heads


def _undivided(fields: Fields, width: int, heads: int) -> None:
    fields.refuse(
        "num_attention_heads",
        Message("{heads} heads do not divide a width of {width}", heads=heads, width=width),
        Message("expected a divisor of the width"),
    )


def kv_heads(fields: Fields, heads: int, *names: str, default: int | None = None) -> int:
    """The heads of keys and values: as many as queries where neither file nor class says otherwise."""
    names = names or ("num_key_value_heads",)
    same = same_as("num_attention_heads", heads)
    found = fields.whole(*names, default=same if default is None else default, null=same)
    if found > heads or heads % found:
        if names[0] in fields.missing():
            fields.refuse(
                names[0],
                Message("it is missing; {of} has {kv_heads}, which do not divide {heads} heads of queries",
                        of=fields.of, kv_heads=found, heads=heads),
                Message("add it"),
            )  # fmt: skip
        fields.refuse(
            names[0],
            Message("{kv_heads} heads of keys and values do not divide {heads} of queries",
                    kv_heads=found, heads=heads),
            Message("expected a divisor of num_attention_heads"),
        )  # fmt: skip
    return found


def rotated(fields: Fields, size: int, *names: str, default: float | None = None) -> dict[str, Any]:
    """The arguments of `Attention` for positions that are turned, in whole or, where a file says so, in part.

    A share of each head is ``partial_rotary_factor`` or one of `names`, in the file or among its
    ``rope_parameters``; it changes no dot product. A head that is turned in whole has to be even.
    """
    known = ("partial_rotary_factor", *names)
    nested = fields.values.get("rope_parameters")
    if isinstance(nested, Mapping) and "partial_rotary_factor" in nested:
        share = fields.checked_share("rope_parameters", nested["partial_rotary_factor"])
    elif default is None and not any(name in fields.values for name in known):
        _check_even(fields, size)
        return {"positions": "rotary"}
    else:
        share = fields.share(*known, default=1.0 if default is None else default)
    turned = int(size * share) // 2 * 2  # values are turned two and two
    return {"positions": "rotary", "rotary_dim": turned} if turned else {}


def _check_even(fields: Fields, size: int) -> None:
    if size % 2:
        given = fields.values.get("head_dim") is not None
        fields.refuse(
            "head_dim" if given else "num_attention_heads",
            Message("heads of {size} values cannot be turned two and two", size=size),
            Message("expected an even size of a head"),
        )


# ---- blocks --------------------------------------------------------------------------------------


def another(layer: Layer) -> Layer:
    """A layer of the same sizes, whose weights are its own."""
    twin: Layer = object.__new__(type(layer))
    for name, value in vars(layer).items():
        object.__setattr__(twin, name, value)
    return twin


def stacked(kinds: Iterable[K], make: Callable[[K], Graph]) -> Sequential:
    """Blocks one after the other, numbered; those of one kind are alike, each with weights of its own."""
    made = dict[K, Graph]()
    blocks = dict[str, Layer]()
    for place, kind in enumerate(kinds):
        if kind not in made:
            made[kind] = make(kind)
        blocks[str(place)] = _own(made[kind])
    return Sequential(blocks)


def _own(block: Graph) -> Graph:
    """The same block with weights of its own; what holds none stays."""
    nodes = [
        Node(name, layer if isinstance(layer, Add) else another(layer), inputs)
        for name, layer, inputs, _ in block.nodes
    ]
    return Graph(tuple(nodes), block.output)


def pre_norm(norm: Layer, attention: Layer, mlp: Layer) -> Graph:
    """Each half of a block reads what is normalized, and is added to what came in."""
    return Graph(
        (
            Node("attention_norm", norm, ("",)),
            Node("attention", attention, ("attention_norm",)),
            Node("attention_residual", _SUM, ("", "attention")),
            Node("mlp_norm", another(norm), ("attention_residual",)),
            Node("mlp", mlp, ("mlp_norm",)),
            Node("mlp_residual", _SUM, ("attention_residual", "mlp")),
        ),
        "mlp_residual",
    )


def post_norm(norm: Layer, attention: Layer, mlp: Layer) -> Graph:
    """Each half of a block is added to what came in, and the sum is normalized, as in 2017."""
    return Graph(
        (
            Node("attention", attention, ("",)),
            Node("attention_residual", _SUM, ("", "attention")),
            Node("attention_norm", norm, ("attention_residual",)),
            Node("mlp", mlp, ("attention_norm",)),
            Node("mlp_residual", _SUM, ("attention_norm", "mlp")),
            Node("mlp_norm", another(norm), ("mlp_residual",)),
        ),
        "mlp_norm",
    )


def norm_within(norm: Layer, attention: Layer, mlp: Layer) -> Graph:
    """What each half of a block gives is normalized, and then added to what came in."""
    return Graph(
        (
            Node("attention", attention, ("",)),
            Node("attention_norm", norm, ("attention",)),
            Node("attention_residual", _SUM, ("", "attention_norm")),
            Node("mlp", mlp, ("attention_residual",)),
            Node("mlp_norm", another(norm), ("mlp",)),
            Node("mlp_residual", _SUM, ("attention_residual", "mlp_norm")),
        ),
        "mlp_residual",
    )


def norm_around(norm: Layer, attention: Layer, mlp: Layer) -> Graph:
    """Each half of a block is normalized before and after, four norms in all."""
    return Graph(
        (
            Node("attention_norm", norm, ("",)),
            Node("attention", attention, ("attention_norm",)),
            Node("attention_norm_after", another(norm), ("attention",)),
            Node("attention_residual", _SUM, ("", "attention_norm_after")),
            Node("mlp_norm", another(norm), ("attention_residual",)),
            Node("mlp", mlp, ("mlp_norm",)),
            Node("mlp_norm_after", another(norm), ("mlp",)),
            Node("mlp_residual", _SUM, ("attention_residual", "mlp_norm_after")),
        ),
        "mlp_residual",
    )


def side_by_side(norm: Layer, attention: Layer, mlp: Layer) -> Graph:
    """Attention and feed-forward read one input, normalized once for both, and all three are added."""
    return Graph(
        (
            Node("norm", norm, ("",)),
            Node("attention", attention, ("norm",)),
            Node("mlp", mlp, ("norm",)),
            Node("residual", _SUM_OF_THREE, ("", "attention", "mlp")),
        ),
        "residual",
    )


def side_by_side_each(norm: Layer, attention: Layer, mlp: Layer) -> Graph:
    """The same, with a norm for each of the two."""
    return Graph(
        (
            Node("attention_norm", norm, ("",)),
            Node("attention", attention, ("attention_norm",)),
            Node("mlp_norm", another(norm), ("",)),
            Node("mlp", mlp, ("mlp_norm",)),
            Node("residual", _SUM_OF_THREE, ("", "attention", "mlp")),
        ),
        "residual",
    )


# ---- before and after the blocks -----------------------------------------------------------------


def with_positions(tokens: Layer, positions: int, width: int) -> Sequential:
    """The vectors of tokens, and one for each place, from a table of `positions`."""
    return Sequential({"token": tokens, "position": LearnedPositions(positions, width)})


def scores(
    fields: Fields, asked: Asked, width: int, vocabulary: int, *, tied: bool, bias: bool = False
) -> dict[str, Layer]:
    """The map that gives the scores of tokens.

    What is tied uses the table of the embedding again: it holds nothing of its own but a bias, and computes.
    """
    linear = Linear(width, vocabulary, bias=bias)
    last: dict[str, Layer] = {"last": LastPosition()} if asked.logits == "last" else {}
    if not tied:
        return {**last, "head": linear}
    fields.note(Message("The head shares the table of embedding.token: it holds nothing more and computes."))
    return {**last, "head": Applied(linear, (Held("bias", vocabulary),) if bias else ())}
