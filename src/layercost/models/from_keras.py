"""Keras models turned into our tree; weights are not read, and images have their channels first.

Extra: ``keras``. Any backend does; building a model needs no TensorFlow. Sequential and functional models say
what reads what; a model with a ``call`` of its own does not, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, NamedTuple

from layercost.facts import Held
from layercost.layer import Layer, LayerError
from layercost.layers.graph import Graph
from layercost.layers.model import Model
from layercost.models.keras_call import (
    Called,
    Found,
    NotOurs,
    Order,
    Sizes,
    arranged,
    as_in_keras,
    last_first,
    must,
    outer,
    weights,
)
from layercost.models.keras_layers import layer_of
from layercost.models.keras_operations import operation_of
from layercost.models.leaves import Applied, Each, Rearranged, Unknown, Unplaced
from layercost.models.tree import ModelError, Step, Steps, model, needed
from layercost.shape import Shape, ShapeError, seen_shape, several


def from_keras(keras_model: Any, input_shape: Iterable[object] | None = None) -> Model:
    """The tree of a built ``keras.Sequential`` or functional ``keras.Model``, at inference.

    `input_shape` gives sizes that the model leaves open, without the batch and in Keras's own order, as
    ``(224, 224, 3)``; of several inputs one shape each. What is not known becomes `Unknown`. Of several
    outputs the first is the tree's; all that runs is counted. A frozen weight is a parameter all the same.

    Raises ModelError for a model that is not built, leaves sizes open, mixes the samples of a batch, or has a
    ``call`` of its own.
    """
    keras = needed("keras", "from_keras", '"layercost[keras]"')
    if not isinstance(keras_model, keras.Model):
        raise ModelError(f"from_keras takes a keras.Model, but got {type(keras_model).__name__}")
    return _Reading(keras, keras_model).model(input_shape)


class _Value(NamedTuple):
    """A value of ours: its name, its shape, and the order of its axes."""

    key: str
    shape: Shape
    order: Order

    @property
    def sizes(self) -> Sizes:
        """The sizes in Keras's order."""
        return tuple(int(self.shape[self.order.index(place)]) for place in range(len(self.order)))


class _Reading:
    """One model as it is read: its steps so far, the layers found, and the weights that they hold."""

    def __init__(self, keras: Any, keras_model: Any) -> None:
        self.keras, self.original = keras, keras_model
        self.steps: Steps = {}
        self.leaves: dict[tuple[int, int], Layer] = {}  # by a layer of Keras's and a place in what it is
        self.settled: dict[int, Layer] = {}  # the leaves whose weights are accounted for
        self.placed: dict[int, Any] = {}  # the variables that one of them holds
        self.turned: dict[tuple[str, Order], _Value] = {}

    def model(self, input_shape: Iterable[object] | None) -> Model:
        functional = self._functional(self.original)
        keys = [
            f"input {place}" if len(functional.inputs) > 1 else "" for place in range(len(functional.inputs))
        ]
        given = self._given(functional, input_shape)
        values = [self._input(key, sizes) for key, sizes in zip(keys, given, strict=True)]
        outputs = self._run(functional, values, given, ())
        output = self._ordered(outputs[0], self._usual(len(outputs[0].order), self.original), ("output",))
        self._left(output)
        name = str(self.original.name)
        shapes = tuple(tuple(map(int, value.shape)) for value in values)
        return model(
            self.steps, output.key, name=name, source=f"keras.Model {name}",
            input_shape=shapes[0] if len(shapes) == 1 else shapes, inputs=tuple(keys),
        )  # fmt: skip

    # ---- what comes in, and what is refused

    def _functional(self, found: Any) -> Any:
        """The functional model behind a model."""
        functional = self.keras.src.models.functional.Functional
        if isinstance(found, self.keras.Sequential):
            if not found.built:
                raise ModelError(
                    f"the Keras model {found.name} is not built; begin it with keras.Input(shape), "
                    "or call model.build"
                )
            if type(found).call is self.keras.Sequential.call:
                found = found._functional  # noqa: SLF001 - where Keras keeps what a Sequential is made of
        if not isinstance(found, functional) or type(found).call is not functional.call:
            raise ModelError(
                f"the Keras model {self.original.name} has a call() of its own, which does not say what "
                "reads what; write it as a functional model, or try to make one of it: "
                f"inputs = keras.Input(shape); keras.Model(inputs, model.call(inputs)){self._holds()}"
            )
        return found

    def _holds(self) -> str:
        """What is known of a model that is refused."""
        if not self.original.built:
            return ""
        trained, kept = (
            sum(prod(one.shape) for one in group)
            for group in (self.original.trainable_weights, self.original.non_trainable_weights)
        )
        return f" (it holds {trained:,} trained values and {kept:,} others)"

    def _given(self, functional: Any, input_shape: Iterable[object] | None) -> list[Sizes]:
        """The sizes of all inputs: the model's own, and where it leaves some open those that are given."""
        own = [tuple(one.shape[1:]) for one in functional.inputs]
        told = own if input_shape is None else [self._told(one) for one in several(input_shape)]
        fits = len(told) == len(own) and all(
            len(one) == len(sizes)
            and all(size in (None, other) for other, size in zip(one, sizes, strict=True))
            for one, sizes in zip(told, own, strict=True)
        )
        if not fits:
            raise ModelError(
                f"the Keras model {self.original.name} takes {_listed(own)} without the batch, in Keras's "
                f"order, but got input_shape={_listed(told)}"
            )
        if () in told:
            raise ModelError(
                f"the Keras model {self.original.name} takes a single value a sample, which has no axis; "
                f"give it one, as keras.Input((1,)){self._holds()}"
            )
        return [
            self._closed(sizes, functional.inputs[place].name, own[place]) for place, sizes in enumerate(told)
        ]

    @staticmethod
    def _told(shape: Iterable[object]) -> Sizes:
        try:
            return tuple(map(int, seen_shape(tuple(shape), "from_keras, input_shape")))  # type: ignore[arg-type]
        except ShapeError as error:
            raise ModelError(str(error)) from None

    def _closed(self, sizes: tuple[int | None, ...], name: str, own: tuple[int | None, ...]) -> Sizes:
        """Sizes of which none is open."""
        if any(size is None for size in sizes):
            example = tuple(224 if size is None else size for size in own)
            raise ModelError(
                f"the Keras model {self.original.name} leaves sizes of {name} open: {sizes}; say them, as "
                f"from_keras(model, input_shape={example}), or build it on an input of known shape"
                f"{self._holds()}"
            )
        if 0 in sizes:
            raise ModelError(
                f"{name} of the Keras model {self.original.name} has no values: {sizes}; leave it out"
                f"{self._holds()}"
            )
        return tuple(int(size) for size in sizes if size is not None)

    def _input(self, key: str, sizes: Sizes) -> _Value:
        order = self._usual(len(sizes), self.original)
        return _Value(key, seen_shape(arranged(sizes, order), "from_keras"), order)

    @staticmethod
    def _usual(rank: int, keras_model: Any) -> Order:
        """The order in which a model takes and gives values: images channels first, all else as in Keras."""
        moves = rank in (3, 4) and not _channels_first(keras_model)
        return last_first(rank) if moves else as_in_keras(rank)

    # ---- one call after the other

    def _run(
        self, functional: Any, values: list[_Value], sizes: list[Sizes], path: tuple[str, ...]
    ) -> list[_Value]:
        """Read a functional model that is called on values; what it gives."""
        tensors, found = dict[int, Any](), dict[int, _Value]()
        for one, value, known in zip(functional.inputs, values, sizes, strict=True):
            tensors[id(one)] = self.keras.KerasTensor((one.shape[0], *known), dtype=one.dtype)
            found[id(one)] = value
        by_depth = functional._nodes_by_depth  # noqa: SLF001 - the order in which Keras itself runs them
        for depth in sorted(by_depth, reverse=True):
            for node in by_depth[depth]:
                if not node.is_input:
                    self._read(node, tensors, found, path)
        return [found[id(one)] for one in functional.outputs]

    def _read(
        self, node: Any, tensors: dict[int, Any], found: dict[int, _Value], path: tuple[str, ...]
    ) -> None:
        """One call: what it gives is added to the tensors and values."""
        original, name = node.operation, (*path, str(node.operation.name).replace(".", "_"))
        values = [found[id(one)] for one in node.input_tensors]
        arguments, keywords = node.arguments.fill_in(tensors)
        given = self._outputs(node, arguments, keywords, name)
        if not isinstance(original, self.keras.Layer):
            self._keep_samples(node, tensors, name)
        for one, tensor in zip(node.outputs, given, strict=True):
            tensors[id(one)] = tensor
        if self._is_read_inside(original, node):
            inner = self._functional(original)
            inside = self._run(inner, values, [value.sizes for value in values], name)
        else:
            sizes = [self._sizes(tensor, name) for tensor in given]
            masked = any(getattr(one, "_keras_mask", None) is not None for one in node.input_tensors)
            called = Called(
                self.keras, original, tuple(value.sizes for value in values), sizes[0], values[0].order,
                values[0].shape.axes, tuple(arguments), keywords, masked,
            )  # fmt: skip
            inside = self._called(called, values, sizes[1:], name)
        found |= {id(one): value for one, value in zip(node.outputs, inside, strict=True)}

    def _is_read_inside(self, original: Any, node: Any) -> bool:
        """Whether a model that is called as a layer says what reads what."""
        functional = self.keras.src.models.functional.Functional
        if isinstance(original, self.keras.Sequential):
            is_plain = type(original).call is self.keras.Sequential.call
            return is_plain and original._functional is not None  # noqa: SLF001 - as in _functional
        if not isinstance(original, functional) or type(original).call is not functional.call:
            return False
        given, expected = (*node.arguments.args, None)[0], original._inputs_struct  # noqa: SLF001 - as Keras asks
        named = [set(one) if isinstance(one, dict) else None for one in (given, expected)]
        return named[0] == named[1] and len(original.inputs) == len(node.input_tensors)

    def _outputs(self, node: Any, arguments: Any, keywords: Any, name: tuple[str, ...]) -> list[Any]:
        """What a call gives, of known sizes; Keras tells them for sizes that were open."""
        if not _is_open([*node.outputs, *node.input_tensors]):
            return list(node.outputs)
        try:
            found = self.keras.tree.flatten(node.operation.compute_output_spec(*arguments, **keywords))
            if _is_open(found):  # the layer does not say: let it run without values
                spec = self.keras.src.backend.compute_output_spec
                found = self.keras.tree.flatten(spec(node.operation.call, *arguments, **keywords))
        except Exception as error:
            shapes = [tuple(one.shape[1:]) for one in _tensors(self.keras, arguments, keywords)]
            raise ModelError(
                f"{'.'.join(name)} ({type(node.operation).__name__}) of the Keras model {self.original.name} "
                f"does not take {_listed(shapes)}: {error}; try another input_shape{self._holds()}"
            ) from None
        return list(found)

    def _sizes(self, tensor: Any, name: tuple[str, ...]) -> Sizes:
        """A tensor's sizes without the batch."""
        if not tensor.shape:
            raise self._mixed(name)
        return self._closed(tuple(tensor.shape[1:]), ".".join(name), tuple(tensor.shape[1:]))

    def _keep_samples(self, node: Any, tensors: dict[int, Any], name: tuple[str, ...]) -> None:
        """Refuse an operation that does not keep the samples of a batch apart, tried on two batches."""
        own = tensors[id(node.input_tensors[0])].shape[0]
        for batch in _BATCHES if own is None else (own,):
            tried = {
                id(one): self.keras.KerasTensor((batch, *tensors[id(one)].shape[1:]), dtype=one.dtype)
                for one in node.input_tensors
            }
            arguments, keywords = node.arguments.fill_in(tried)
            try:
                found = self.keras.tree.flatten(node.operation.compute_output_spec(*arguments, **keywords))
            except Exception:
                raise self._mixed(name) from None
            size = prod(tensors[id(node.input_tensors[0])].shape[1:])
            if any(one.shape[:1] != (batch,) and not _same_rows(one, size) for one in found):
                raise self._mixed(name)

    def _mixed(self, name: tuple[str, ...]) -> ModelError:
        return ModelError(
            f"{'.'.join(name)} of the Keras model {self.original.name} mixes the samples of a batch, so that "
            f"one sample alone has no cost; read the part before it, as keras.Model(model.inputs, its input)"
            f"{self._holds()}"
        )

    # ---- one layer or operation

    def _called(
        self, called: Called, values: list[_Value], further: list[Sizes], name: tuple[str, ...]
    ) -> list[_Value]:
        """The step of one call, and one that moves values for each further output."""
        value = self._known(called, values, name) or self._unknown(called, values, name)
        shape = tuple(map(int, value.shape))
        return [
            value,
            *(
                self._step(
                    (*name[:-1], f"{name[-1]}_output{place}"),
                    Rearranged(f"output {place} of {called.kind}", (shape,), sizes),
                    [value], as_in_keras(len(sizes)),
                )
                for place, sizes in enumerate(further, start=2)
            ),
        ]  # fmt: skip

    def _known(self, called: Called, values: list[_Value], name: tuple[str, ...]) -> _Value | None:
        """The value of our layer, if there is one and it gives what Keras's gives."""
        is_layer = isinstance(called.original, self.keras.Layer)
        try:
            found = self._found(called) if is_layer else operation_of(called)
            order = found.output_order(called.order, len(called.given))
            wanted = self._wanted(found, called)
            shapes = [
                seen_shape(arranged(value.sizes, one), "from_keras") if value.order != one else value.shape
                for value, one in zip(values, wanted, strict=True)
            ]
            must(tuple(found.layer.output_shape(*shapes)) == arranged(called.given, order))
            layer = self._settled(called.original, found.layer) if is_layer else found.layer
        except (NotOurs, LayerError, ShapeError, TypeError, AttributeError, ValueError, IndexError, KeyError):
            return None
        ordered = [self._ordered(value, one, name) for value, one in zip(values, wanted, strict=True)]
        return self._step(name, *_read_once(layer, ordered), order)

    def _found(self, called: Called) -> Found:
        """What a layer is; a model for each step is a tree of its own."""
        if called.kind != "TimeDistributed" or not isinstance(called.original.layer, self.keras.Model):
            return layer_of(called)
        must(type(called.original) is self.keras.layers.TimeDistributed and len(called.taken) == 1)
        inner = from_keras(called.original.layer, called.sizes[1:])
        steps = called.sizes[0]
        taken, given = (
            outer(self._usual(len(sizes) - 1, called.original.layer))
            for sizes in (called.sizes, called.given)
        )
        return Found(inner.rebuilt(lambda leaf, _: Each(leaf, steps), None), taken, given)

    @staticmethod
    def _wanted(found: Found, called: Called) -> list[Order]:
        """The order in which each input is taken; one of another rank stands as in Keras."""
        order = called.order if found.taken is None else found.taken
        return [order if len(sizes) == len(order) else as_in_keras(len(sizes)) for sizes in called.taken]

    def _unknown(self, called: Called, values: list[_Value], name: tuple[str, ...]) -> _Value:
        """A step that we do not know, with all that it holds."""
        order = called.order if len(called.order) == len(called.given) else as_in_keras(len(called.given))
        held, stored = self._unheld(called.original)
        taken = tuple(tuple(map(int, value.shape)) for value in values)
        what = getattr(called.original, "function", None)
        said = getattr(what, "__name__", "")
        kind = f"{called.kind} {said}".strip() if called.kind == "Lambda" else called.kind
        return self._step(
            name, Unknown(kind, taken, arranged(called.given, order), held, stored), values, order
        )

    def _step(self, name: tuple[str, ...], layer: Layer, values: list[_Value], order: Order) -> _Value:
        key = f"{len(self.steps)} {name[-1]}"
        self.steps[key] = Step(name, layer, tuple(value.key for value in values))
        shape = layer.output_shape(*(value.shape for value in values))
        return _Value(key, shape, order)

    def _ordered(self, value: _Value, order: Order, name: tuple[str, ...]) -> _Value:
        """A value with its axes in another order, made once however many read it so."""
        if value.order == order:
            return value
        if (value.key, order) not in self.turned:
            sizes = tuple(map(int, value.shape))
            turn = Rearranged("Permute", (sizes,), arranged(value.sizes, order))
            moved = self._step((*name[:-1], f"{name[-1]}_permute"), turn, [value], order)
            self.turned[value.key, order] = moved
            self.turned[moved.key, value.order] = value
        return self.turned[value.key, order]

    # ---- weights

    def _settled(self, original: Any, found: Layer) -> Layer:
        """A layer of ours that holds what Keras's holds, each variable once; else raises NotOurs.

        A layer that is called twice is one layer, and weights that another layer holds are not held again.
        """
        found = self._same_leaves(original, found)
        fresh = {id(leaf): leaf for _, leaf in found.leaves() if id(leaf) not in self.settled}
        held = _totals(fresh.values())
        every = {id(one): one for one in original.weights}
        new = {key: one for key, one in every.items() if key not in self.placed}
        if held != self._sums(original, new):
            must(held == self._sums(original, every) and found.is_leaf)
            parts = self._split(original, new)
            applied = Applied(found, weights(*parts[0]), weights(*parts[1]))
            self.leaves[id(original), 0] = applied
            found, fresh = applied, {id(applied): applied}
        self.settled |= fresh
        self.placed |= new
        return found

    def _same_leaves(self, original: Any, found: Layer) -> Layer:
        """A layer with the leaves that it had when it was called before."""
        place = iter(range(10**9))

        def same(leaf: Layer, _: Shape | None) -> Layer:
            key = id(original), next(place)
            before = self.leaves.get(key)
            if before is not None and leaf in (before, getattr(before, "layer", None)):
                return before
            self.leaves[key] = leaf
            return leaf

        return found.rebuilt(same, None)

    @staticmethod
    def _split(original: Any, variables: Mapping[int, Any]) -> tuple[list[Any], list[Any]]:
        """The trained variables and the others; freezing a layer changes nothing."""
        trained = _trained(original)
        return (
            [one for key, one in variables.items() if key in trained],
            [one for key, one in variables.items() if key not in trained],
        )

    def _sums(self, original: Any, variables: Mapping[int, Any]) -> tuple[int, int]:
        trained, others = self._split(original, variables)
        return sum(prod(one.shape) for one in trained), sum(prod(one.shape) for one in others)

    def _unheld(self, original: Any) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
        """What something unknown holds and nothing else does."""
        new = {id(one): one for one in getattr(original, "weights", ()) if id(one) not in self.placed}
        self.placed |= new
        trained, others = self._split(original, new)
        return weights(*trained), weights(*others)

    def _left(self, output: _Value) -> None:
        """Weights of the model that no step holds."""
        held, stored = self._unheld(self.original)
        if held or stored:
            self._step(("unplaced",), Unplaced(held, stored), [output], output.order)


_BATCHES = (1009, 2003)


def _read_once(layer: Layer, values: list[_Value]) -> tuple[Layer, list[_Value]]:
    """A graph that reads one value under several names reads it under one, as self-attention does."""
    keys = [value.key for value in values]
    if not isinstance(layer, Graph) or len(set(keys)) == len(keys):
        return layer, values
    first = {name: layer.inputs[keys.index(key)] for name, key in zip(layer.inputs, keys, strict=True)}
    nodes = (
        node._replace(inputs=tuple(first.get(name, name) for name in node.inputs)) for node in layer.nodes
    )
    kept = {first[name]: value for name, value in zip(layer.inputs, values, strict=True)}
    graph = Graph(tuple(nodes), first.get(layer.output, layer.output), tuple(kept))
    return graph, list(kept.values())


def _trained(original: Any) -> set[int]:
    """The variables that training may change, whether they are frozen or not, of a layer and those inside."""
    if not hasattr(original, "_flatten_layers"):  # an operation
        return set()
    layers = [original, *original._flatten_layers(include_self=False)]  # noqa: SLF001 - frozen ones too
    return {id(one) for layer in layers for one in layer._trainable_variables}  # noqa: SLF001 - as above


def _totals(leaves: Iterable[Layer]) -> tuple[int, int]:
    """The values that some layers hold: trained, and others."""
    parameters = buffers = 0
    for leaf in leaves:
        parameters += sum(int(one.size) for one in leaf.parameters())
        buffers += sum(int(one.size) for one in leaf.buffers())
    return parameters, buffers


def _tensors(keras: Any, *arguments: Any) -> list[Any]:
    return [one for one in keras.tree.flatten(arguments) if isinstance(one, keras.KerasTensor)]


def _is_open(tensors: Iterable[Any]) -> bool:
    """Whether a size other than the batch is open."""
    return any(None in one.shape[1:] for one in tensors)


def _same_rows(tensor: Any, size: int) -> bool:
    """Whether a tensor of an open batch has as many values a sample as before: ``(None, 24)`` of (6, 4)."""
    return tensor.shape[:1] == (None,) and None not in tensor.shape[1:] and prod(tensor.shape[1:]) == size


def _fits(told: tuple[int | None, ...], own: tuple[int | None, ...]) -> bool:
    """Whether sizes agree with those of the model that are not open."""
    return len(told) == len(own) and all(size in (None, one) for one, size in zip(told, own, strict=True))


def _listed(shapes: Iterable[tuple[Any, ...]]) -> str:
    return " and ".join(map(str, shapes))


def _channels_first(keras_model: Any) -> bool:
    """Whether the images that come in have their channels first, as all layers with such a setting say."""
    layers = keras_model._flatten_layers()  # noqa: SLF001 - all layers, those of inner models too
    return {getattr(layer, "data_format", None) for layer in layers} - {None} == {"channels_first"}
