"""PyTorch's modules turned into our tree, by watching one run of the model on the meta device.

Nothing is computed: there, arrays are shapes alone. PyTorch's own modules map one to one; every function that
a model calls between them is seen as it is called, and one that we do not know as the operators that it is
made of. So whatever runs is noted, whichever way the model's code takes. It needs PyTorch, which stands in no
extra for its size.
"""

from __future__ import annotations

import copy
import importlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from layercost.facts import Held
from layercost.layer import Layer, LayerError
from layercost.layers.model import Model, Spelling
from layercost.models.leaves import Applied, Each, Rearranged, Stored, Unknown, Unplaced, Unused
from layercost.models.torch_call import FunctionCall, Made, Sizes, Value, sizes_of, tensors
from layercost.models.torch_functions import FUNCTIONS, LIKE_CONSTANTS
from layercost.models.torch_modules import AS_FUNCTIONS, KEEPS_SHAPE, MODULES, RECURRENT, known_kind
from layercost.models.tree import ModelError, Step, Steps, model, needed, shape_after
from layercost.shape import Shape, ShapeError, checked_sizes, seen_shape, several, shape_of

BATCH = 7919  # a size that nothing else has, so that the batch's axis is known by it; the meta device is free
UNSEEN = "computed unseen"  # a tensor that none of the functions that were seen gave


def from_torch(module: Any, input_shape: Iterable[object], *, opaque: tuple[type, ...] = ()) -> Model:
    """The tree of a ``torch.nn.Module`` for an input of `input_shape`, without the batch, at inference.

    A model of several inputs takes one shape for each. Of several outputs, the first tensor is the tree's;
    all that runs is counted. The module may be on any device, the meta device among them; it is not changed,
    and its weights are not read. Modules of the types `opaque`, and all that is not known, become `Unknown`.
    Raises ModelError, which names the place, where the model cannot run on shapes alone, and ShapeError where
    the input does not fit it.
    """
    torch = needed("torch", "from_torch", "torch")
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"from_torch takes a torch.nn.Module, but got {type(module).__name__}")
    shapes = tuple(tuple(int(size) for size in checked_sizes(one)) for one in several(input_shape))
    return Reading(torch, module, shapes, opaque).model()


class Reading:
    """One model as it is watched: the value of every tensor, and the steps so far."""

    def __init__(self, torch: Any, module: Any, shapes: tuple[Sizes, ...], opaque: tuple[type, ...]) -> None:
        self.torch, self.original, self.shapes, self.opaque = torch, module, shapes, opaque
        self.name = type(module).__name__
        self.module = on_meta(torch, module)
        self.steps: Steps = {}
        self.values: dict[int, Value] = {}  # by the tensor's id
        self.parts: dict[int, tuple[int, str, list[Value]]] = {}  # tensors beside the first that a step gave
        self.constants: set[int] = set()  # tensors that were made of nothing that matters
        self.alive: list[Any] = []  # an id is a tensor's own as long as the tensor lives
        self.layers: dict[int, Layer] = {}  # by the module's id
        self.holders: dict[int, Layer] = {}  # by a layer's id: itself, or itself repeated
        self.repeated: dict[tuple[int, int], Layer] = {}
        self.counted: set[int] = set()  # parameters and buffers that some step holds
        self.arrays = _arrays(self.module)
        self.names: dict[int, str] = {}  # what the model calls an array, by its id; a shared one by its first
        for name, one in _named_arrays(self.module):
            self.names.setdefault(id(one), name)
        self.places: list[tuple[str, ...]] = [()]  # the modules in whose forward we are
        self.unseen = torch._C.DisableTorchFunction  # noqa: SLF001 - inside of it nothing is looked at
        self.quiet: list[Any] = []  # for each module that is known as a whole and that we are in
        self.last = "its first call"
        self.alone: set[tuple[str, ...]] = set()  # modules of the model's own with no module inside
        self.fused = 0  # how many of torch's attention modules we are in

    def model(self) -> Model:
        """The tree; raises ModelError and ShapeError."""
        if isinstance(self.original, self.torch.jit.ScriptModule):
            raise ModelError(
                f"{self.name} is compiled (torch.jit), and what it calls cannot be seen; "
                "read the module that it was made from"
            )
        output = self._output(self._run())
        self._hold_the_rest()
        shapes = self.shapes
        return model(
            self.steps,
            output.key,
            name=self.name,
            source=f"torch.nn.Module {self.name}",
            input_shape=shapes[0] if len(shapes) == 1 else shapes,
            inputs=tuple(_input_key(place) for place in range(len(shapes))),
        )

    # ---- the run

    def _run(self) -> Any:
        inputs = [self._input(place, sizes) for place, sizes in enumerate(self.shapes)]
        with ExitStack() as stack:
            stack.callback(self._awake)
            stack.callback(self._remove, self._watch())
            stack.enter_context(self.torch.no_grad())
            stack.enter_context(_functions(self))
            try:
                return self.module(*inputs)
            except (ModelError, ShapeError):
                raise
            except Exception as error:  # whatever torch and the model's own code raise
                raise self._refused(error) from None

    def _refused(self, error: Exception) -> Exception:
        """Why the model does not run on shapes alone: the place, what was called there, what is known."""
        first = str(error).split("\n\nWhile executing", maxsplit=1)[0].strip().replace(str(BATCH), "N")
        place = ".".join(self.places[-1])
        where = f" in {place}" if place else ""
        shown = " and ".join(map(str, self.shapes))
        needs_values = isinstance(error, NotImplementedError) or any(
            word in first.lower() for word in ("meta tensor", "data-dependent", "meta device", "device meta")
        )
        if needs_values:
            total = sum(one.numel() for one in self.arrays if isinstance(one, self.torch.nn.Parameter))
            return ModelError(
                f"{self.name} cannot be followed on shapes alone{where}, after {self.last}: {first}; it "
                f"holds {total:,} parameters. Where a part of it decides by values that arrive, replace "
                "that part, or read the parts around it one by one"
            )
        return ShapeError(f"{self.name} does not run on inputs of shape {shown}{where}: {first}")

    def _input(self, place: int, sizes: Sizes) -> Any:
        torch = self.torch
        tables = (torch.nn.Embedding, torch.nn.EmbeddingBag)
        tokens = any(isinstance(module, tables) for module in self.module.modules())
        whole = tokens and len(sizes) == 1
        kinds = (one.dtype for one in self.arrays if one.is_floating_point())
        kind = torch.long if whole else next(kinds, torch.float32)
        tensor = torch.empty((BATCH, *sizes), device="meta", dtype=kind)
        self._keep(tensor, Value(_input_key(place), shape_of(sizes, "from_torch")))
        return tensor

    def _watch(self) -> list[Any]:
        """Hooks on all modules: they say where we are, and which are known as a whole."""
        handles = []
        for name, module in self.module.named_modules():
            path = tuple(filter(None, name.split(".")))
            kind = known_kind(self.torch, module)
            is_leaf = kind is not None or isinstance(module, self.opaque)
            if not is_leaf and not any(module.children()):
                self.alone.add(path)
            if (fits := KEEPS_SHAPE.get(kind or "")) is not None:
                module.forward = _kept(self.torch, module, fits)  # torch works long on what is known here
            elif kind in RECURRENT:
                module.forward = _steps(self.torch, module)
            handles.append(module.register_forward_pre_hook(self._entering(path, is_leaf)))
            handles.append(module.register_forward_hook(self._leaving(is_leaf), with_kwargs=True))
        return handles

    def _awake(self) -> None:
        """Look at functions again, where the run ended inside of a module."""
        while self.quiet:
            self.quiet.pop().__exit__(None, None, None)

    @staticmethod
    def _remove(handles: list[Any]) -> None:
        for handle in handles:
            handle.remove()

    def _entering(self, path: tuple[str, ...], is_leaf: bool) -> Callable[..., None]:
        attention = self.torch.nn.MultiheadAttention

        def enter(module: Any, _: Any) -> None:
            self.places.append(path)
            self.fused += isinstance(module, attention)
            if is_leaf:
                guard = self.unseen()
                guard.__enter__()
                self.quiet.append(guard)

        return enter

    def _leaving(self, is_leaf: bool) -> Callable[..., None]:
        attention = self.torch.nn.MultiheadAttention

        def leave(module: Any, args: Any, kwargs: Any, output: Any) -> None:
            if is_leaf:
                guard = self.quiet.pop()
                if not self.quiet:
                    self._module_called(module, args, kwargs, output)
                guard.__exit__(None, None, None)
            self.fused -= isinstance(module, attention)
            self.places.pop()

        return leave

    # ---- tensors

    def _keep(self, tensor: Any, value: Value) -> None:
        self.values[id(tensor)] = value
        self.alive.append(tensor)

    def matters(self, tensor: Any) -> bool:
        """Whether a tensor depends on the input or on what the model holds."""
        return id(tensor) in self.values or id(tensor) in self.parts or id(tensor) in self.names

    def is_computed(self, tensor: Any) -> bool:
        """Whether a step gave a tensor, so that it is not the model's own."""
        return id(tensor) in self.values or id(tensor) in self.parts

    def value(self, tensor: Any) -> Value:
        """The value of a tensor; what no step gave is held by the model, or a constant of its code."""
        known = self.values.get(id(tensor))
        if known is not None:
            return known
        if id(tensor) in self.parts:
            return self._part(tensor)
        sizes, batch_axis, folded = self.sample(tensor)
        name = self.names.get(id(tensor))
        layer: Layer
        if name is not None:
            held, stored = self.take([tensor])
            path, layer = tuple(name.split(".")), Stored(name.rpartition(".")[2], sizes, held, stored)
        elif batch_axis is not None and id(tensor) not in self.constants:
            path, layer = (*self.places[-1], "unseen"), Unknown(UNSEEN, (), sizes)
        else:
            path, layer = (*self.places[-1], "constant"), Stored("constant", sizes)
        key = self._note(path, layer, (), once=batch_axis is None)
        self._keep(tensor, Value(key, seen_shape(sizes, path[-1]), batch_axis, folded))
        return self.values[id(tensor)]

    def take(
        self, tensors: Iterable[Any], *, whole_names: bool = False
    ) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
        """What of these the model holds and no step does yet: parameters, buffers. They are taken now."""
        held, stored = list[Held](), list[Held]()
        for tensor in tensors:
            if id(tensor) in self.names and id(tensor) not in self.counted:
                self.counted.add(id(tensor))
                trained = isinstance(tensor, self.torch.nn.Parameter)
                name = self.names[id(tensor)]
                one = Held(name if whole_names else name.rpartition(".")[2], tensor.numel())
                (held if trained else stored).append(one)
        return tuple(held), tuple(stored)

    def sample(self, tensor: Any) -> tuple[Sizes, int | None, bool]:
        """A sample's sizes, the batch's axis, and whether something else is in that axis too."""
        sizes = tuple(map(int, tensor.shape))
        axes = [at for at, size in enumerate(sizes) if size and size % BATCH == 0]
        if not axes:
            return sizes, None, False
        if len(axes) > 1:
            raise self._mixed()
        (at,) = axes
        factor = sizes[at] // BATCH
        inner = (factor,) if factor > 1 else ()
        return (*sizes[:at], *inner, *sizes[at + 1 :]), at, factor > 1

    def _mixed(self) -> ModelError:
        place = ".".join(self.places[-1]) or "its forward"
        return ModelError(
            f"{self.last} in {place} of {self.name} puts the samples of a batch together, or gives values in "
            "which the batch is no axis of its own; from_torch reads models that treat each sample alone and "
            "whose inputs have the batch first (batch_first=True)"
        )

    # ---- modules

    def _module_called(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        self.last = type(module).__name__
        outs = [one for one in tensors((output,)) if one.numel()]
        arrived = [one for one in tensors((args, kwargs)) if self.matters(one) or one.numel() > 1]
        if not outs or not (any(map(self.matters, arrived)) or _arrays(module)):
            return
        spelling = Spelling.IN_PLACE_MODULE if getattr(module, "inplace", False) else Spelling.MODULE
        kind = known_kind(self.torch, module)
        if kind in AS_FUNCTIONS and not isinstance(module, self.opaque):
            name, settings = AS_FUNCTIONS[kind](module)
            self._function_called(name, (arrived[0],), settings, outs, self.places[-1], spelling)
            return
        values = [self.value(one) for one in arrived]
        sizes = self.sample(outs[0])[0]
        made = self._of_module(module, kind, values, sizes)
        self._made(made, outs, self.places[-1], spelling)

    def _of_module(self, module: Any, kind: str | None, values: list[Value], sizes: Sizes) -> Made:
        """The layer of a module, and what it reads; an `Unknown` where ours gives or holds something else."""
        layer = self.layers.get(id(module))
        if layer is None and kind is not None and not isinstance(module, self.opaque):
            layer = self._known(module, kind)
        fitting = None if layer is None else self.fitting(layer, values[:1], sizes)
        if fitting is None:
            taken = tuple(value.sizes for value in values)
            held, stored = self.take(_arrays(module))
            return Made(Unknown(type(module).__name__, taken, sizes, held, stored), values)
        assert layer is not None
        if id(module) not in self.layers:
            self.layers[id(module)] = layer = self._holding(layer, module)
            fitting = self.fitting(layer, values[:1], sizes) or fitting
        return Made(self._once_held(layer, fitting[0]), values[:1], shape=fitting[1])

    def _once_held(self, layer: Layer, fitting: Layer) -> Layer:
        """A layer that runs in two ways, alone and on each window, holds its values in the first of them."""
        if self.holders.setdefault(id(layer), fitting) is fitting:
            return fitting
        light = Applied(layer)
        return light if fitting is layer else Each(light, fitting.steps)  # type: ignore[attr-defined]

    def _known(self, module: Any, kind: str) -> Layer | None:
        """PyTorch's own module as our layer, if the two hold as many values."""
        try:
            layer = MODULES[kind](module)
        except (LayerError, ShapeError):
            return None
        arrays, trained = _arrays(module), self.torch.nn.Parameter
        parameters = sum(one.numel() for one in arrays if isinstance(one, trained))
        stored = (one for one in arrays if not isinstance(one, trained) and not _is_step_counter(one))
        buffers = sum(one.numel() for one in stored)
        same = (parameters, buffers) == (sizes_of(layer.parameters()), sizes_of(layer.buffers()))
        return layer if same or self._computed_weights(module) else None

    def _computed_weights(self, module: Any) -> list[Value]:
        """Weights that something computed for a module, as torch.nn.utils.weight_norm does."""
        arrays = (getattr(module, name, None) for name in ("weight", "bias"))
        return [self.value(one) for one in arrays if self.is_computed(one)]

    def _holding(self, layer: Layer, module: Any) -> Layer:
        """The layer with what the module holds; what it shares with others is held where it was met first."""
        mine = [one for one in _arrays(module) if not _is_step_counter(one)]
        alone = not any(id(one) in self.counted for one in mine) and not self._computed_weights(module)
        held, stored = self.take(mine)
        return layer if alone else Applied(layer, held, stored)

    def fitting(self, layer: Layer, values: list[Value], sizes: Sizes) -> tuple[Layer, Shape] | None:
        """The layer with its output's shape, if it gives these sizes; or on each window in front."""
        shape = self._shape(layer, values)
        if shape is not None and tuple(map(int, shape)) == sizes:
            return layer, shape
        first = values[0].sizes if values else ()
        if len(first) < 2:
            return None
        repeated = self.repeated.setdefault((id(layer), first[0]), Each(layer, first[0]))
        shape = self._shape(repeated, values)
        return (repeated, shape) if shape is not None and tuple(map(int, shape)) == sizes else None

    def _shape(self, layer: Layer, values: list[Value]) -> Shape | None:
        """The shape that a layer gives for these values; None where they do not fit it."""
        try:
            return shape_after(layer, [(value.shape, value.once) for value in values])
        except (ShapeError, LayerError, IndexError):
            return None

    # ---- functions

    def function(self, func: Any, args: Any, kwargs: Mapping[str, Any], output: Any) -> None:
        """Note a function that the model's code called, or an operator inside of one."""
        name = _plain_name(func)
        self.last = name
        if name == "setitem":
            output = args[0]
        outs = [one for one in tensors((output,)) if one.numel()]
        arrived = list(tensors((args, kwargs)))
        if not outs:
            return
        if _is_constant(name) or not any(map(self.matters, arrived)):
            self.constants.update(id(one) for one in outs if not self.matters(one))
            self.alive.extend(outs)
            return
        self._function_called(name, args, dict(kwargs), outs, (*self.places[-1], name), _spelling(func, name))

    def cover(self, name: str, args: Any, kwargs: Mapping[str, Any], output: Any) -> None:
        """What a function gave though none of the operators in it was seen to give it is unknown."""
        outs = [one for one in tensors((output,)) if one.numel() and not self.matters(one)]
        batched = [one for one in outs if self.sample(one)[1] is not None]
        if batched:
            path = (*self.places[-1], name)
            call = FunctionCall(self, name, args, dict(kwargs), batched, path)
            self._made(self._unknown(call, call.given), batched, path, None)

    def _function_called(
        self,
        name: str,
        args: Any,
        kwargs: dict[str, Any],
        outs: list[Any],
        path: tuple[str, ...],
        spelling: Spelling | None,
    ) -> None:
        call = FunctionCall(self, name, args, kwargs, outs, path)
        handler = FUNCTIONS.get(name)
        try:
            made = handler(call) if handler is not None else None
            if made is not None and made.same_as is None:
                fitting = self.fitting(made.layer, made.values, self.sample(outs[0])[0])
                made = None if fitting is None else made._replace(layer=fitting[0], shape=fitting[1])
        except (LayerError, ShapeError, TypeError, IndexError, KeyError):
            made = None
        if made is not None and made.same_as is not None:
            for out in outs:
                self._keep(out, made.same_as)
            return
        spelling = Spelling.FUSED if name == "scaled_dot_product_attention" else spelling
        self._made(made or self._unknown(call, call.given), outs, path, spelling)

    def _unknown(self, call: FunctionCall, sizes: Sizes) -> Made:
        values = [self.value(one) for one in call.tensors if self.matters(one)]
        return Made(Unknown(call.name, tuple(value.sizes for value in values), sizes), values)

    # ---- steps

    def note_step(self, path: tuple[str, ...], layer: Layer, values: list[Value]) -> Value:
        """A step inside of a function that is several: the scores of an attention."""
        once = all(value.once for value in values)
        shape = shape_after(layer, [(value.shape, value.once) for value in values], once)
        spelling = Spelling.FUSED if "scaled_dot_product_attention" in path else Spelling.FUNCTION
        key = self._note(path, layer, values, spelling=spelling, once=once)
        first = next((value for value in values if not value.once), values[0])
        return Value(key, shape, first.batch_axis, first.folded)

    def _note(
        self,
        path: tuple[str, ...],
        layer: Layer,
        values: Iterable[Value],
        *,
        spelling: Spelling | None = None,
        once: bool = False,
    ) -> str:
        if spelling is Spelling.FUNCTION and self.places[-1] in self.alone and layer.parameters():
            spelling = Spelling.OWN_MODULE
        if spelling is not None and self.fused:
            spelling = Spelling.FUSED_MODULE
        key = f"{len(self.steps)} {'.'.join(path)}"
        self.steps[key] = Step(path or (self.name,), layer, tuple(v.key for v in values), once, spelling)
        return key

    def _made(self, made: Made, outs: list[Any], path: tuple[str, ...], spelling: Spelling | None) -> None:
        """Note a step and what it gives; of several tensors, each further one is a part of what it gave."""
        sizes, batch_axis, folded = self.sample(outs[0])
        if batch_axis is None and any(not value.once for value in made.values):
            raise self._mixed()
        key = self._note(path, made.layer, made.values, spelling=spelling, once=batch_axis is None)
        value = Value(key, made.shape or seen_shape(sizes, "from_torch"), batch_axis, folded)
        self._keep(outs[0], value)
        source = made.values if isinstance(made.layer, Rearranged) else [value]
        for place, out in enumerate(outs[1:], start=1):
            if out is not outs[0]:
                self.parts[id(out)] = (place, key, source)
                self.alive.append(out)

    def _part(self, tensor: Any) -> Value:
        """A further tensor that a step gave, once something reads it."""
        place, key, source = self.parts.pop(id(tensor))
        sizes, batch_axis, folded = self.sample(tensor)
        *inside, name = self.steps[key].name
        layer = self.steps[key].layer
        what = layer.what if isinstance(layer, Rearranged) else f"output {place}"
        part = Rearranged(what, tuple(one.sizes for one in source), sizes)
        other = self._note((*inside, f"{name}_{place}"), part, source, once=batch_axis is None)
        self._keep(tensor, Value(other, seen_shape(sizes, name), batch_axis, folded))
        return self.values[id(tensor)]

    # ---- the end

    def _output(self, given: Any) -> Value:
        """The first tensor of what the model gives."""
        for tensor in tensors((given,)):
            if self.is_computed(tensor) and not self.value(tensor).once:
                return self.value(tensor)
        raise ModelError(
            f"{self.name} gives no tensor that depends on its input; wrap it in a module that gives one"
        )

    def _hold_the_rest(self) -> None:
        """What the model holds and no step does: not used, or perhaps used by what ran unseen."""
        rest = [one for one in self.arrays if id(one) not in self.counted and not _is_step_counter(one)]
        if not rest:
            return
        unseen = any(getattr(step.layer, "what", "") == UNSEEN for step in self.steps.values())
        held, stored = self.take(rest, whole_names=True)
        layer = Unplaced(held, stored) if unseen else Unused(held, stored)
        source = Value(_input_key(0), shape_of(self.shapes[0], "from_torch"))
        self._note(("unplaced" if unseen else "unused",), layer, [source])


def _kept(torch: Any, module: Any, fits: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    """The forward of a module that keeps its input's shape; its own forward where the input does not fit."""
    own = module.forward

    def forward(x: Any, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs or not fits(module, x):
            return own(x, *args, **kwargs)
        return x if getattr(module, "inplace", False) else _like(torch, x)

    return forward


def _steps(torch: Any, module: Any) -> Callable[..., Any]:
    """The forward of a recurrent module: its outputs and states, without going step by step."""
    own = module.forward

    def forward(x: Any, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs or x.dim() != 3 or x.shape[-1] != module.input_size:  # torch says what does not fit
            return own(x, *args, **kwargs)
        directions, hidden = 1 + module.bidirectional, module.hidden_size
        given = module.proj_size or hidden
        batch = x.shape[0] if module.batch_first else x.shape[1]
        state = (directions * module.num_layers, batch)
        out, last, cell = (
            torch.empty(sizes, dtype=x.dtype, device="meta")
            for sizes in ((*x.shape[:2], directions * given), (*state, given), (*state, hidden))
        )
        return out, ((last, cell) if isinstance(module, torch.nn.LSTM) else last)

    return forward


def _functions(reading: Reading) -> Any:
    """Sees every function of torch's that is called; one that is not known, as the operators inside of it."""
    overrides = importlib.import_module("torch.overrides")
    dispatch = importlib.import_module("torch.utils._python_dispatch")

    def operator(_: Any, func: Any, __: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        reading.function(func, args, kwargs or {}, output)
        return output

    def function(_: Any, func: Any, __: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = kwargs or {}, _plain_name(func)
        if name in _QUESTIONS:
            return func(*args, **kwargs)
        if _is_constant(name) and _inside_of_torch():
            return func(*args, **kwargs)  # what it gives is the result of an operator that was not seen
        is_known = name in FUNCTIONS or _is_constant(name)
        if is_known or not any(map(reading.matters, tensors((args, kwargs)))):
            output = func(*args, **kwargs)
            reading.function(func, args, kwargs, output)
            return output
        with operators:
            output = func(*args, **kwargs)
        reading.cover(name, args, kwargs, output)
        return output

    operators = type("Operators", (dispatch.TorchDispatchMode,), {"__torch_dispatch__": operator})()
    return type("Functions", (overrides.TorchFunctionMode,), {"__torch_function__": function})()


def _inside_of_torch() -> bool:
    """Whether the function that is looked at was called by torch's own code, and not by a model's."""
    module = sys._getframe(2).f_globals.get("__name__", "")  # noqa: SLF001 - there is no other way to ask
    return str(module).startswith("torch._")


def _is_constant(name: str) -> bool:
    """Whether a function gives what depends on nothing but shapes."""
    return name.startswith("new_") or name in LIKE_CONSTANTS


def _plain_name(func: Any) -> str:
    """``relu`` of relu, relu_ and _relu; ``getitem`` of __getitem__; ``T`` of the property of that name."""
    name = str(getattr(func, "__name__", func))
    if name == "__get__":
        return str(getattr(getattr(func, "__self__", None), "__name__", "get"))
    return name.partition(".")[0].strip("_")


# What code asks of a tensor, and gets no tensor for an answer.
_QUESTIONS = frozenset({
    "get", "shape", "size", "dim", "ndim", "numel", "dtype", "device", "is_floating_point", "stride",
    "layout", "requires_grad", "is_contiguous", "is_cuda", "is_meta", "element_size", "is_complex",
    "get_device", "len", "is_quantized", "is_sparse", "is_mkldnn", "names", "itemsize", "nbytes",
    "ndimension", "storage_offset", "is_nested", "is_leaf", "grad_fn", "grad", "is_cpu", "set",
})  # fmt: skip
_OPERATORS = frozenset({"add", "mul", "sub", "div", "matmul", "pow", "neg", "rsub", "truediv", "floordiv"})


def _spelling(func: Any, name: str) -> Spelling:
    """How a call is written, as far as its function tells: ``x + y`` is the tensor's own method."""
    own = str(getattr(func, "__name__", ""))
    if name in _OPERATORS and str(getattr(func, "__qualname__", "")).startswith(("TensorBase", "Tensor")):
        in_place = own.endswith("_") and not own.endswith("__")
        return Spelling.IN_PLACE_OPERATOR if in_place else Spelling.OPERATOR
    return Spelling.FUNCTION


def _input_key(place: int) -> str:
    return f"input {place}" if place else ""


def _is_step_counter(tensor: Any) -> bool:
    """Whether a tensor is PyTorch's counter of the steps of a normalization, which is left out."""
    return not tensor.dim() and not tensor.is_floating_point()


def _arrays(module: Any) -> list[Any]:
    """The parameters and buffers of a module and those inside of it, each once."""
    return list({id(one): one for _, one in _named_arrays(module)}.values())


def _named_arrays(module: Any) -> Iterator[tuple[str, Any]]:
    """Parameters and buffers by their names, parameters first (torch's own methods are slow)."""
    modules = list(module.named_modules())
    for kind in ("_parameters", "_buffers"):
        for path, inner in modules:
            for name, one in getattr(inner, kind).items():
                if one is not None:
                    yield (f"{path}.{name}" if path else name), one


def on_meta(torch: Any, module: Any) -> Any:
    """A copy of the module whose arrays are shapes alone; raises ModelError where it cannot be copied."""
    memo: dict[int, Any] = {}
    for one in _arrays(module):
        empty = _like(torch, one)
        is_parameter = isinstance(one, torch.nn.Parameter)
        memo[id(one)] = torch.nn.Parameter(empty, one.requires_grad) if is_parameter else empty
    for inner in module.modules():  # each has a dozen of these for hooks, and copying them takes long
        for value in vars(inner).values():
            if type(value) in (OrderedDict, dict, set) and not value:
                memo[id(value)] = type(value)()
            elif isinstance(value, torch.Tensor) and id(value) not in memo:  # computed, and kept as it is
                memo[id(value)] = _like(torch, value)
    try:
        return copy.deepcopy(module, memo).eval()
    except Exception as error:  # whatever the module's parts raise
        raise ModelError(
            f"{type(module).__name__} cannot be copied, which reading it without changing it takes: {error}; "
            "build it without the part that cannot"
        ) from None


def _like(torch: Any, tensor: Any) -> Any:
    """Of the same shape and kind, on the meta device (torch.empty_like is slow there)."""
    return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
