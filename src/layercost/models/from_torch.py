"""PyTorch's modules turned into our tree, by following what they do on the meta device: nothing is computed.

It needs PyTorch, which stands in no extra for its size. Modules that are PyTorch's own map one to one; what
stands between them (additions, concatenations, functions) is found by torch.fx, which runs the model's
``forward`` on placeholders.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, cast

from layercost import layers as ours
from layercost.facts import Held
from layercost.layer import Layer, LayerError
from layercost.models.leaves import Rearranged, Unknown, Unused
from layercost.layers.model import Model
from layercost.models.tree import ModelError, Step, Steps, model, needed, shape_after
from layercost.shape import Shape, ShapeError, checked_sizes, shape_of

BATCH = 7919  # a size that nothing else has, so that the batch's axis is known by it; the meta device is free


def from_torch(module: Any, input_shape: Iterable[object], *, opaque: tuple[type, ...] = ()) -> Model:
    """The tree of a ``torch.nn.Module`` for an input of `input_shape`, without the batch, at inference.

    The module may be on any device, the meta device among them; it is not changed and its weights are not
    read. Modules of the types `opaque`, and all that is not known, become `Unknown`.
    Raises ModelError where torch.fx cannot follow the module, ShapeError where the input does not fit it.
    """
    torch = needed("torch", "from_torch", "torch")
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"from_torch takes a torch.nn.Module, but got {type(module).__name__}")
    sizes = tuple(int(size) for size in checked_sizes(input_shape))
    return _Reading(torch, module, sizes, opaque).model()


# ---- modules -------------------------------------------------------------------------------------


def _same_names(kind: type[Layer], *names: str) -> Callable[[Any], Layer]:
    """A layer whose fields have the names of the module's attributes."""
    return lambda module: kind(**{name: getattr(module, name) for name in names})


def _with_bias(kind: Callable[..., Layer], *names: str) -> Callable[[Any], Layer]:
    """The same, where the module has a bias or has None in its place."""
    return lambda module: kind(
        **{name: getattr(module, name) for name in names}, bias=module.bias is not None
    )


def _plain(kind: type[Layer]) -> Callable[..., Layer]:
    """A layer without settings: whether torch computes it in place changes no count."""

    def build(*_: Any, **__: Any) -> Layer:
        return kind()

    return build


_WINDOW = ("kernel_size", "stride", "padding")
_CONVOLUTION = ("in_channels", "out_channels", *_WINDOW, "dilation", "groups")
_NORM = ("num_features", "eps", "momentum", "affine", "track_running_stats")
_RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")

_MODULES: dict[str, Callable[[Any], Layer]] = {
    "Linear": _with_bias(ours.Linear, "in_features", "out_features"),
    "Conv1d": _with_bias(ours.Conv1d, *_CONVOLUTION),
    "Conv2d": _with_bias(ours.Conv2d, *_CONVOLUTION),
    "Conv3d": _with_bias(ours.Conv3d, *_CONVOLUTION),
    "ConvTranspose2d": _with_bias(ours.ConvTranspose2d, *_CONVOLUTION, "output_padding"),
    "MaxPool2d": _same_names(ours.MaxPool2d, *_WINDOW, "dilation", "ceil_mode"),
    "AvgPool2d": _same_names(ours.AvgPool2d, *_WINDOW, "ceil_mode", "count_include_pad"),
    "AdaptiveAvgPool2d": _same_names(ours.AdaptiveAvgPool2d, "output_size"),
    "BatchNorm1d": _same_names(ours.BatchNorm1d, *_NORM),
    "BatchNorm2d": _same_names(ours.BatchNorm2d, *_NORM),
    "LayerNorm": lambda m: ours.LayerNorm(
        tuple(m.normalized_shape), m.eps, m.elementwise_affine, m.elementwise_affine and m.bias is not None
    ),
    "GroupNorm": _same_names(ours.GroupNorm, "num_groups", "num_channels", "eps", "affine"),
    "LocalResponseNorm": _same_names(ours.LocalResponseNorm, "size", "alpha", "beta", "k"),
    "LSTM": _same_names(ours.LSTM, *_RECURRENT, "proj_size"),
    "GRU": _same_names(ours.GRU, *_RECURRENT),
    "RNN": _same_names(ours.RNN, *_RECURRENT, "nonlinearity"),
    "Embedding": _same_names(ours.Embedding, "num_embeddings", "embedding_dim"),
    "ReLU": _plain(ours.ReLU),
    "ReLU6": _plain(ours.ReLU6),
    "Sigmoid": _plain(ours.Sigmoid),
    "Tanh": _plain(ours.Tanh),
    "SiLU": _plain(ours.SiLU),
    "GELU": _same_names(ours.GELU, "approximate"),
    "LeakyReLU": _same_names(ours.LeakyReLU, "negative_slope"),
    "PReLU": _same_names(ours.PReLU, "num_parameters"),
    "Identity": _plain(ours.Identity),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), _same_names(ours.Dropout, "p")),
}
_OTHERWISE = {"padding_mode": "zeros", "divisor_override": None, "return_indices": False}


# ---- functions and methods -----------------------------------------------------------------------


def _leaky_relu(negative_slope: float = 0.01, *_: Any, **__: Any) -> Layer:
    return ours.LeakyReLU(negative_slope)


def _dropout(p: float = 0.5, *_: Any, **__: Any) -> Layer:
    return ours.Dropout(p)


def _max_pool(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    **more: Any,
) -> Layer:
    if more.get("return_indices"):
        raise LayerError("it returns indices too")
    return ours.MaxPool2d(kernel_size, stride or None, padding, dilation=dilation, ceil_mode=ceil_mode)


def _avg_pool(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: Any = None,
) -> Layer:
    if divisor_override is not None:
        raise LayerError("its divisor is given")
    return ours.AvgPool2d(
        kernel_size, stride or None, padding, ceil_mode=ceil_mode, count_include_pad=count_include_pad
    )


_FUNCTIONS: dict[str, Callable[..., Layer]] = {
    "relu": _plain(ours.ReLU),
    "relu_": _plain(ours.ReLU),
    "relu6": _plain(ours.ReLU6),
    "sigmoid": _plain(ours.Sigmoid),
    "tanh": _plain(ours.Tanh),
    "silu": _plain(ours.SiLU),
    "gelu": ours.GELU,
    "leaky_relu": _leaky_relu,
    "dropout": _dropout,
    "max_pool2d": _max_pool,
    "boolean_dispatch": _max_pool,  # what F.max_pool2d is inside
    "avg_pool2d": _avg_pool,
    "adaptive_avg_pool2d": ours.AdaptiveAvgPool2d,
}
_MOVING = frozenset({
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "t", "getitem",
    "contiguous", "chunk", "split", "select", "narrow", "expand", "clone", "detach", "to", "float",
    "swapaxes", "pad",
})  # fmt: skip
_ADDING = frozenset({"add", "iadd", "add_"})
_CONCATENATING = frozenset({"cat", "concat", "concatenate"})


class _Reading:
    """One module as it is read: its graph, the shape of every value, and the layer of every module."""

    def __init__(self, torch: Any, module: Any, sizes: tuple[int, ...], opaque: tuple[type, ...]) -> None:
        self.torch, self.original, self.sizes, self.opaque = torch, module, sizes, opaque
        self.module = _on_meta(torch, module)
        self.layers: dict[int, Layer] = {}
        self.nodes: Steps = {}
        self.value_of: dict[str, str] = {}  # a node of torch's graph: the value of ours that it gives
        self.shapes: dict[str, Shape] = {"": shape_of(sizes, "from_torch")}
        self.used: set[int] = set()
        self.without_batch: set[str] = set()

    def model(self) -> Model:
        name = type(self.original).__name__
        traced = self._traced()
        self.seen = self._seen_shapes(traced)
        for node in traced.graph.nodes:
            self._read(node)
        output = self._output(traced)
        unused = self._unused()
        if unused is not None:
            self.nodes["unused"] = Step(("unused",), unused, (output,))
            output = "unused"
        return model(self.nodes, output, name, f"torch.nn.Module {name}", self.sizes)

    # ---- torch's side

    def _is_leaf(self, module: Any) -> bool:
        known = _known_kind(self.torch, module) is not None
        plain = type(module).__module__.startswith("torch.nn") and not isinstance(
            module, self.torch.nn.Sequential
        )
        return known or plain or isinstance(module, self.opaque)

    def _traced(self) -> Any:
        is_leaf, torch = self._is_leaf, self.torch

        class Tracer(torch.fx.Tracer):  # type: ignore[misc,name-defined]
            def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
                return is_leaf(m)

        if is_leaf(self.module):  # torch.fx would look inside
            self.module = torch.nn.Sequential(self.module)
        try:
            graph = Tracer().trace(self.module)
        except Exception as error:  # whatever the model's own code raises on a placeholder
            raise ModelError(
                f"torch.fx cannot follow {type(self.original).__name__}: {error}; where a part of it "
                "decides by what arrives, name its type in opaque=(...), and it is kept as one unknown layer"
            ) from None
        return torch.fx.GraphModule(self.module, graph)

    def _seen_shapes(self, traced: Any) -> dict[str, tuple[int, ...] | None]:
        """The shape of every value without the batch; None for what has no batch or is no tensor."""
        torch, seen, without = self.torch, dict[str, Any](), self.without_batch

        class Interpreter(torch.fx.Interpreter):  # type: ignore[misc,name-defined]
            def run_node(self, n: Any) -> Any:
                given = super().run_node(n)
                seen[n.name] = _without_batch(given) if isinstance(given, torch.Tensor) else None
                if isinstance(given, torch.Tensor) and seen[n.name] is None:
                    without.add(n.name)
                return given

        tokens = any(isinstance(module, torch.nn.Embedding) for module in self.module.modules())
        whole = tokens and len(self.sizes) == 1
        values = torch.empty(
            (BATCH, *self.sizes), device="meta", dtype=torch.long if whole else _dtype(torch, self.module)
        )
        try:
            with torch.no_grad():
                Interpreter(traced).run(values)
        except Exception as error:  # torch raises what it likes
            first = str(error).split("\n\nWhile executing", maxsplit=1)[0].replace(str(BATCH), "N")
            raise ShapeError(
                f"{type(self.original).__name__} does not run on inputs of shape {self.shapes['']}: {first}"
            ) from None
        return seen

    # ---- one node after the other

    def _read(self, node: Any) -> None:
        if node.op == "placeholder":
            self._placeholder(node)
        elif node.op not in ("output", "get_attr"):
            self._call(node)

    def _placeholder(self, node: Any) -> None:
        if "" in self.value_of.values() and not node.args:
            raise ModelError(
                f"{type(self.original).__name__} takes several inputs, {node.target!r} among them; "
                "wrap it in a module that takes one"
            )
        if "" not in self.value_of.values():
            self.value_of[node.name] = ""

    def _call(self, node: Any) -> None:
        inputs = tuple(self.value_of[one.name] for one in node.all_input_nodes if one.name in self.value_of)
        given = self.seen.get(node.name)
        if inputs and node.name in self.without_batch:
            raise ModelError(
                f"{node.name} in {type(self.original).__name__} gives values in which the batch is no axis "
                "of its own; from_torch reads models whose inputs have the batch first (batch_first=True)"
            )
        if self._is_state_of_recurrent(node):
            self.value_of[node.name] = inputs[0]
            return
        if given is None and not self._gives_tuple(node):
            return  # a size, a number: no value of the network
        layer = self._layer(node, inputs)
        self._note(node, layer, inputs, given)

    def _gives_tuple(self, node: Any) -> bool:
        """A recurrent module gives its outputs and its states; the outputs are its value."""
        if node.op != "call_module":
            return False
        return isinstance(self._mapped(node.target), (ours.LSTM, ours.GRU, ours.RNN, Unknown))

    def _is_state_of_recurrent(self, node: Any) -> bool:
        """Whether a node takes the outputs out of what a module gives as several values."""
        if _name_of(node) != "getitem" or not node.all_input_nodes:
            return False
        source = node.all_input_nodes[0]
        return source.op == "call_module" and self.seen.get(source.name) is None

    def _note(self, node: Any, layer: Layer, inputs: tuple[str, ...], given: tuple[int, ...] | None) -> None:
        """Keep a call, once what we say of its shape is what torch gives."""
        shapes = [self.shapes[key] for key in inputs]
        try:
            shape = shape_after(layer, shapes)
        except (ShapeError, LayerError):
            shape = None
        if shape is None or (given is not None and tuple(shape) != given):
            layer = self._unknown(node, inputs, given)
            shape = shape_of(given, "from_torch") if given else shapes[0]
        name = tuple(str(node.target).split(".")) if node.op == "call_module" else self._place(node)
        self.nodes[node.name] = Step(name, layer, inputs)
        self.shapes[node.name], self.value_of[node.name] = shape, node.name

    def _place(self, node: Any) -> tuple[str, ...]:
        """The module in whose forward a function is called, and the function's name."""
        stack = node.meta.get("nn_module_stack") or {}
        path = next(reversed(stack.values()))[0] if stack else ""
        return (*filter(None, path.split(".")), _name_of(node))

    def _layer(self, node: Any, inputs: tuple[str, ...]) -> Layer:
        if node.op == "call_module":
            return self._of_module(node, inputs)
        name, given = _name_of(node), self.seen[node.name]
        tensors = [one for one in node.all_input_nodes if one.name in self.value_of]
        plain = len(tensors) == len(node.all_input_nodes)  # nothing is read that the model holds
        if name in _ADDING and len(node.args) == 2 and plain and self._alike(node.args):
            return ours.Add(2)
        if name in _CONCATENATING and plain:
            return self._concatenation(node, inputs)
        if name in ("mean",) and self._over_image(node, inputs):
            return ours.AdaptiveAvgPool2d(1) if given and len(given) == 3 else _pooled_flat()
        if name in _MOVING and len(tensors) == 1:
            return self._moved(name, inputs, given)
        if name in _FUNCTIONS and len(tensors) == 1 and plain:
            return self._function(node, name, inputs)
        if name == "softmax" and len(tensors) == 1:
            return self._softmax(
                node, node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else -1), inputs
            )
        return self._unknown(node, inputs, given)

    def _alike(self, arguments: Any) -> bool:
        """Whether two values of one shape are read."""
        shapes = [self.seen.get(getattr(one, "name", "")) for one in arguments]
        return shapes[0] is not None and shapes[0] == shapes[1]

    def _concatenation(self, node: Any, inputs: tuple[str, ...]) -> Layer:
        parts = node.args[0]
        axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        shape = self.shapes[inputs[0]]
        place = axis - 1 if axis > 0 else axis + len(shape) if axis < 0 else -1
        if place < 0 or len(parts) != len(inputs):
            return self._unknown(node, inputs, self.seen[node.name])
        return ours.Concatenate(len(parts), shape.axes[place])

    def _over_image(self, node: Any, inputs: tuple[str, ...]) -> bool:
        axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else ())
        many = len(self.shapes[inputs[0]])
        wanted = {axis % (many + 1) for axis in axes} if isinstance(axes, (list, tuple)) else set()
        return many == 3 and wanted == {2, 3}

    def _moved(self, name: str, inputs: tuple[str, ...], given: tuple[int, ...] | None) -> Layer:
        before = self.shapes[inputs[0]]
        if given == tuple(before):
            return (
                ours.Identity()
                if name not in ("permute", "transpose", "t")
                else Rearranged(name, given, given)
            )
        flat = ours.Flatten().output_shape(before)
        if given == tuple(flat) and name in ("view", "reshape", "flatten", "squeeze"):
            return ours.Flatten()
        return Rearranged(name, tuple(map(int, before)), cast("tuple[int, ...]", given))

    def _function(self, node: Any, name: str, inputs: tuple[str, ...]) -> Layer:
        try:
            return _FUNCTIONS[name](*node.args[1:], **node.kwargs)
        except (LayerError, TypeError):
            return self._unknown(node, inputs, self.seen[node.name])

    def _softmax(self, node: Any, dim: Any, inputs: tuple[str, ...]) -> Layer:
        if not isinstance(dim, int) or dim == 0:  # not told, or over the batch
            return self._unknown(node, inputs, self.seen[node.name])
        return ours.Softmax(dim if dim < 0 else dim - 1 - len(self.shapes[inputs[0]]))

    def _of_module(self, node: Any, inputs: tuple[str, ...]) -> Layer:
        module = self.module.get_submodule(node.target)
        kind = type(module).__name__
        if kind == "Softmax" and len(inputs) == 1:
            return self._once(module, lambda: self._softmax(node, module.dim, inputs))
        if kind == "Flatten" and len(inputs) == 1:
            return self._once(module, lambda: self._moved("flatten", inputs, self.seen[node.name]))
        mapped = self._mapped(node.target)
        if isinstance(mapped, Unknown):
            return self._once(module, lambda: self._unknown(node, inputs, self.seen[node.name]), again=True)
        return mapped

    def _mapped(self, target: str) -> Layer:
        """The layer of a module; an `Unknown` without shapes where it is not known."""
        module = self.module.get_submodule(target)
        kind = _known_kind(self.torch, module)
        if kind is None or isinstance(module, self.opaque):
            return self._once(module, lambda: Unknown(type(module).__name__, (), ()))
        return self._once(module, lambda: _MODULES[kind](module))

    def _once(self, module: Any, build: Callable[[], Layer], *, again: bool = False) -> Layer:
        """A module that is called twice is one layer."""
        known = self.layers.get(id(module))
        if known is None or (again and isinstance(known, Unknown) and not known.given):
            known = self.layers[id(module)] = build()
        self.used.update(id(one) for one in (*module.parameters(), *module.buffers()))
        return known

    def _unknown(self, node: Any, inputs: tuple[str, ...], given: tuple[int, ...] | None) -> Layer:
        what, held, stored = _name_of(node), tuple[Held, ...](), tuple[Held, ...]()
        if node.op == "call_module":
            module = self.module.get_submodule(node.target)
            what, held, stored = type(module).__name__, *_held(module)
            self.used.update(id(one) for one in (*module.parameters(), *module.buffers()))
        for one in node.all_input_nodes:
            if one.op == "get_attr":
                held += self._attribute(one.target)
        taken = tuple(map(int, self.shapes[inputs[0]])) if inputs else ()
        return Unknown(what, taken, given or taken, held, stored)

    def _attribute(self, target: str) -> tuple[Held, ...]:
        """What a function reads that the model holds, where nobody has counted it yet."""
        owner, _, name = target.rpartition(".")
        found = getattr(self.module.get_submodule(owner), name)
        if not isinstance(found, self.torch.nn.Parameter) or id(found) in self.used:
            return ()
        self.used.add(id(found))
        return (Held(name, found.numel()),)

    # ---- the end

    def _output(self, traced: Any) -> str:
        given = next(node for node in traced.graph.nodes if node.op == "output").args[0]
        if isinstance(given, (tuple, list)) and len(given) == 1:
            given = given[0]
        name = getattr(given, "name", None)
        if name is None or name not in self.value_of:
            raise ModelError(
                f"{type(self.original).__name__} gives several values, or none that depends on its input; "
                "wrap it in a module that gives one"
            )
        return self.value_of[name]

    def _unused(self) -> Unused | None:
        """What the model holds and nothing of what ran has used."""
        held = tuple(
            Held(name, one.numel())
            for name, one in self.module.named_parameters()
            if id(one) not in self.used
        )
        stored = tuple(
            Held(name, one.numel())
            for name, one in self.module.named_buffers()
            if id(one) not in self.used and not name.endswith("num_batches_tracked")
        )
        return Unused(held, stored) if held or stored else None


def _pooled_flat() -> Layer:
    return ours.Sequential({"pool": ours.AdaptiveAvgPool2d(1), "flatten": ours.Flatten()})


def _on_meta(torch: Any, module: Any) -> Any:
    """A copy of the module whose arrays are shapes alone."""
    memo: dict[int, Any] = {}
    for one in (*module.parameters(), *module.buffers()):
        empty = torch.empty_like(one, device="meta")
        is_parameter = isinstance(one, torch.nn.Parameter)
        memo[id(one)] = torch.nn.Parameter(empty, one.requires_grad) if is_parameter else empty
    return copy.deepcopy(module, memo).eval()


def _dtype(torch: Any, module: Any) -> Any:
    """The format of the module's first floating-point array."""
    arrays = (*module.parameters(), *module.buffers())
    return next((one.dtype for one in arrays if one.is_floating_point()), torch.float32)


def _without_batch(tensor: Any) -> tuple[int, ...] | None:
    sizes = tuple(map(int, tensor.shape))
    if sizes.count(BATCH) != 1:
        return None
    at = sizes.index(BATCH)
    return (*sizes[:at], *sizes[at + 1 :])


def _known_kind(torch: Any, module: Any) -> str | None:
    """The name under which `_MODULES` has a module, if it runs as PyTorch's own of that name does."""
    for kind in type(module).__mro__:
        name = kind.__name__
        if name in _MODULES and kind is getattr(torch.nn, name, None):
            same = type(module).forward is kind.forward
            plain = all(getattr(module, field, usual) == usual for field, usual in _OTHERWISE.items())
            return name if same and plain else None
    return None


def _name_of(node: Any) -> str:
    """The name of a function, a method or a module's last part."""
    target = node.target
    return target.rpartition(".")[2] if isinstance(target, str) else str(getattr(target, "__name__", target))


def _held(module: Any) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    held = tuple(Held(name, one.numel()) for name, one in module.named_parameters())
    return held, tuple(Held(name, one.numel()) for name, one in module.named_buffers())
