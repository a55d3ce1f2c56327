"""Images as tokens: patches that a convolution reads, cells that are merged, windows of cells that attend.

A patch is what a kernel as large as its stride reads: one dot product for each feature of each patch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar

from layercost.expression import Number, add, ceil_div, define, product, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import (
    Call,
    Layer,
    LayerError,
    keep_flags,
    keep_sizes,
    keep_whole,
    register,
)
from layercost.layers.composite import Composite
from layercost.layers.normalization import centred
from layercost.layers.parted import FIRST, Does, Holds, Maps, Parted, Sources, matrix, products
from layercost.layers.sliding import Sizes, check_channels, per_axis
from layercost.message import Message
from layercost.misconception import PRICED, STORED, WRITTEN, belief, having
from layercost.setting import Setting
from layercost.shape import Image, Sequence, Shape, ShapeError, Signal, fit, shown, values


@register
@frozen
class ToTokens(Layer):
    """``(C, L)`` or ``(C, H, W)`` to ``(T, C)``: each cell becomes a token, its channels the features.

    Row after row. A view: it writes nothing.
    Source: Dosovitskiy et al. 2020, An image is worth 16x16 words, section 3.1.
    """

    takes = (Signal, Image)

    def transform(self, shape: Shape) -> Shape:
        return Sequence((product(tuple(shape[1:])), shape[0]))

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0


@register
@frozen
class EachCell(Composite):
    """``(C, H, W)`` to ``(C', H, W)``: a layer of tokens reads the cells of an image, row after row.

    `layer` takes ``(T, C)`` and gives as many tokens: a normalization of the features, a feed-forward.
    Source: Liu et al. 2021, Swin Transformer, section 3.1.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise LayerError(
                Message("EachCell: layer must be a layer, but got {layer}", layer=shown(self.layer))
            )
        self.keep_depth([self.layer])

    def follow(self, input_shapes: tuple[Iterable[object], ...], path: str, calls: list[Call]) -> Shape:
        shape = _image(input_shapes)
        tokens = shape[1] * shape[2]
        output = self.layer.follow((Sequence((tokens, shape[0])),), path, calls)
        if len(output) != 2 or int(output[0]) != int(tokens):
            raise ShapeError(
                Message(
                    "EachCell takes a layer that gives a token for each of {tokens} cells, but it gave shape "
                    "{shape}",
                    tokens=tokens, shape=output,
                )
            )  # fmt: skip
        return Image((output[1], shape[1], shape[2]))

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        yield from self.layer.leaves(path)

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        tokens = None
        if input_shape is not None:
            image = _image((input_shape,))
            tokens = Sequence((image[1] * image[2], image[0]))
        return EachCell(self.layer.rebuilt(change, tokens))


def _image(input_shapes: tuple[Iterable[object], ...]) -> Shape:
    """The one image that arrives; raises ShapeError for anything else."""
    if len(input_shapes) != 1:
        raise ShapeError(
            Message(
                "{name} reads one value, but got {count} shapes", name="EachCell", count=len(input_shapes)
            )
        )
    return fit("EachCell", input_shapes[0], Image)


# ---- patches as tokens ---------------------------------------------------------------------------


@register
@frozen
class PatchEmbedding(Parted):
    """``(in_channels, H, W)`` to ``(T, embed_dim)``: each patch of the image becomes a token.

    Patches do not overlap, and what is left of the image at its end is not read. `class_tokens` trained
    tokens stand before them: 1 for what is classified, 2 with one for distillation (DeiT). With `image_size`
    there is a trained position for each token of an image of that size, and others are refused.
    Parameters: ``p * p * in_channels * embed_dim`` and biases, ``embed_dim`` for each class token and for
    each position.
    Source: Dosovitskiy et al. 2020, section 3.1; Touvron et al. 2020 (DeiT), section 4.
    """

    in_channels: int
    patch_size: Sizes
    embed_dim: int
    bias: bool = True
    class_tokens: int = 1
    image_size: Sizes | None = None

    kind = "embedding"
    takes = Image
    letters: ClassVar[Mapping[str, str]] = {
        "in_channels": "C", "patch_size": "p", "embed_dim": "d", "image_size": "n",
    }  # fmt: skip

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels", "embed_dim")
        keep_whole(self, 0, "class_tokens")
        keep_sizes(self, 2, 1, "patch_size")
        keep_flags(self, "bias")
        if self.image_size is None:
            return
        keep_sizes(self, 2, 1, "image_size")
        sides = zip(per_axis(self.image_size), per_axis(self.patch_size), strict=True)
        if any(int(side) < int(patch) for side, patch in sides):
            raise LayerError(
                Message(
                    "PatchEmbedding: image_size must be at least patch_size ({patch}), but got {value}",
                    patch=_written(per_axis(self.patch_size)), value=_written(per_axis(self.image_size)),
                )
            )  # fmt: skip

    def check(self, shape: Shape) -> None:
        check_channels(self, self.in_channels, shape)
        if self.image_size is not None and tuple(map(int, shape[1:])) != tuple(
            map(int, per_axis(self.image_size))
        ):
            raise ShapeError(
                Message(
                    "PatchEmbedding has positions for images of {size} and got shape {shape}; for another "
                    "size give its image_size",
                    size=_written(per_axis(self.image_size)), shape=shape,
                )
            )  # fmt: skip

    def patches(self, height: Number, width: Number) -> Number:
        """How many whole patches an image has."""
        p_height, p_width = per_axis(self.patch_size)
        return define("N_p", (height // p_height) * (width // p_width))

    @property
    def length(self) -> Number:
        """The values of a patch."""
        return times(self.in_channels, product(per_axis(self.patch_size)))

    def transform(self, shape: Shape) -> Shape:
        patches = self.patches(shape[1], shape[2])
        if int(patches) == 0:
            raise ShapeError(
                Message(
                    "no patch of {patch} fits into an image of shape {shape}",
                    patch=_written(per_axis(self.patch_size)), shape=shape,
                )
            )  # fmt: skip
        return Sequence((self._tokens(patches), self.embed_dim))

    def _tokens(self, patches: Number) -> Number:
        return define("T", add(patches, self.class_tokens)) if self.class_tokens else patches

    def holds(self) -> Holds:
        held = {"patch": matrix(self.length, self.embed_dim, self.bias)}
        if self.class_tokens:
            held["class"] = (Held("weight", times(self.class_tokens, self.embed_dim)),)
        if self.image_size is not None:
            tokens = self._tokens(self.patches(*per_axis(self.image_size)))
            held["position"] = (Held("weight", times(tokens, self.embed_dim)),)
        return held

    def maps(self) -> Maps:
        return {"patch": (self.length, self.embed_dim, self.bias)}

    def sources(self) -> Sources:
        return {"patch": (FIRST,)}

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows = times(setting.batch, self.patches(shape[1], shape[2]))
        done = {"patch": products(rows, self.length, self.embed_dim, self.bias)}
        if self.image_size is not None:
            added = times(setting.batch, values(output))
            done["position"] = (Operation(Kind.ADD, Role.ELEMENTWISE, added),)
        return done


def _written(sizes: tuple[Number, ...]) -> str:
    return "x".join(str(int(size)) for size in sizes)


@register
@frozen
class PatchMerging(Parted):
    """``(C, H, W)`` to ``(2 C, H / 2, W / 2)``: two by two cells become one, of twice the channels.

    The channels of four cells are put in one row, normalized and mapped without a bias. Of an odd height or
    width zeros make an even one. `out_channels` is the number of channels afterwards, without it 2 C.
    Source: Liu et al. 2021, Swin Transformer, section 3.1.
    """

    in_channels: int
    out_channels: int | None = None

    downscale_factor: ClassVar[int] = 2
    takes = Image
    letters: ClassVar[Mapping[str, str]] = {"in_channels": "C", "out_channels": "C_out"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels")
        if self.out_channels is not None:
            keep_whole(self, 1, "out_channels")

    def check(self, shape: Shape) -> None:
        check_channels(self, self.in_channels, shape)

    @property
    def merged(self) -> Number:
        """The channels of four cells."""
        return times(4, self.in_channels)

    @property
    def width(self) -> Number:
        """The channels afterwards."""
        return times(2, self.in_channels) if self.out_channels is None else self.out_channels

    def transform(self, shape: Shape) -> Shape:
        sides = [define(f"{axis}_out", ceil_div(side, 2)) for axis, side in zip("HW", shape[1:], strict=True)]
        return Image((self.width, *sides))

    def holds(self) -> Holds:
        return {
            "norm": (Held("weight", self.merged), Held("bias", self.merged)),
            "patch_merging": matrix(self.merged, self.width, bias=False),
        }

    def maps(self) -> Maps:
        return {"patch_merging": (self.merged, self.width, False)}

    def sources(self) -> Sources:
        return {"patch_merging": (FIRST,)}

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows = times(setting.batch, output[1] * output[2])
        return {
            "norm": centred(rows, self.merged),
            "patch_merging": products(rows, self.merged, self.width, bias=False),
        }


# ---- What people believe instead: about patches --------------------------------------------------

WEIGHED = STORED | PRICED


@belief(
    "patch-of-one-channel",
    Message("You counted one channel: a patch has the cells of every channel of the image."),
    PatchEmbedding, WEIGHED, lambda layer: int(layer.in_channels) > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _PatchOfOneChannel(PatchEmbedding):
    @property
    def length(self) -> Number:
        return product(per_axis(self.patch_size))


@belief(
    "patch-side-once",
    Message("You took the side of a patch for its cells: it has a height and a width."),
    PatchEmbedding, WEIGHED, lambda layer: int(per_axis(layer.patch_size)[0]) > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _PatchSideOnce(PatchEmbedding):
    @property
    def length(self) -> Number:
        return times(self.in_channels, per_axis(self.patch_size)[0])


belief(
    "class-token-forgotten",
    Message("You left out the class token: it is trained, stands before the patches, and has a position."),
    PatchEmbedding, STORED | WRITTEN | PRICED, lambda layer: bool(getattr(layer, "class_tokens", 0)),
)(having(class_tokens=0))  # fmt: skip


belief(
    "second-token-forgotten",
    Message("You counted one token before the patches: here a second one learns from another network."),
    PatchEmbedding, STORED | WRITTEN | PRICED, lambda layer: getattr(layer, "class_tokens", 0) == 2,
)(having(class_tokens=1))  # fmt: skip


_USUAL = 224  # the side of the images that most models were trained on


def _unusual(layer: Layer) -> bool:
    sides = getattr(layer, "image_size", None)
    return sides is not None and set(map(int, per_axis(sides))) != {_USUAL}


@belief(
    "places-of-another-size",
    Message("You took the table for images of 224 by 224: each token of a larger image has its own place."),
    PatchEmbedding, STORED, _unusual,
)  # fmt: skip
class _PlacesOfAnotherSize(PatchEmbedding):
    def holds(self) -> Holds:
        held = dict(super().holds())
        if self.image_size is not None:  # unless the places are forgotten as well
            tokens = self._tokens(self.patches(_USUAL, _USUAL))
            held["position"] = (Held("weight", times(tokens, self.embed_dim)),)
        return held


@belief(
    "patches-of-one-row",
    Message("You counted the patches of one row: the image has several rows of them."),
    PatchEmbedding, STORED | WRITTEN | PRICED,
)  # fmt: skip
class _PatchesOfOneRow(PatchEmbedding):
    def patches(self, height: Number, width: Number) -> Number:
        return define("N_p", width // per_axis(self.patch_size)[1])


belief(
    "patch-positions-forgotten",
    Message("You left out the positions: each token has a trained row that is added to it."),
    PatchEmbedding, STORED, lambda layer: getattr(layer, "image_size", None) is not None,
)(having(image_size=None))  # fmt: skip


@belief(
    "weights-for-each-patch",
    Message("You gave each patch weights of its own: all patches share one matrix."),
    PatchEmbedding, STORED, lambda layer: getattr(layer, "image_size", None) is not None,
)  # fmt: skip
class _WeightsForEachPatch(PatchEmbedding):
    def holds(self) -> Holds:
        held = dict(super().holds())
        if self.image_size is None:  # whoever forgot the positions as well
            return held
        patches = self.patches(*per_axis(self.image_size))
        return {**held, "patch": tuple([one._replace(size=patches * one.size) for one in held["patch"]])}


@belief(
    "one-patch",
    Message("You counted one patch: each patch of the image takes the products again."),
    PatchEmbedding, PRICED,
)  # fmt: skip
class _OnePatch(PatchEmbedding):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        return {"patch": products(setting.batch, self.length, self.embed_dim, self.bias)}


@belief(
    "class-token-multiplied",
    Message("You took the class token through the map: it is trained as it stands, and only patches are."),
    PatchEmbedding, PRICED, lambda layer: bool(getattr(layer, "class_tokens", 0)),
)  # fmt: skip
class _ClassTokenMultiplied(PatchEmbedding):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows = times(setting.batch, output[0])
        done = dict(super().does(shape, output, setting))
        return {**done, "patch": products(rows, self.length, self.embed_dim, self.bias)}


@belief(
    "patch-at-every-cell",
    Message("You let the kernel move by one cell: patches do not overlap, it moves by a whole patch."),
    PatchEmbedding, PRICED, lambda layer: max(map(int, per_axis(layer.patch_size))) > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _PatchAtEveryCell(PatchEmbedding):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        sides = zip(shape[1:], per_axis(self.patch_size), strict=True)
        rows = times(setting.batch, product(tuple([side - (patch - 1) for side, patch in sides])))
        return {"patch": products(rows, self.length, self.embed_dim, self.bias)}


@belief(
    "merging-with-bias",
    Message("You added biases: the map of a patch merging has none."),
    PatchMerging, STORED,
)  # fmt: skip
class _MergingWithBias(PatchMerging):
    def holds(self) -> Holds:
        return {**super().holds(), "patch_merging": matrix(self.merged, self.width, bias=True)}


@belief(
    "merging-without-norm",
    Message("You left out the normalization: the four cells are normalized before they are mapped."),
    PatchMerging, STORED,
)  # fmt: skip
class _MergingWithoutNorm(PatchMerging):
    def holds(self) -> Holds:
        return {"patch_merging": super().holds()["patch_merging"]}


@belief(
    "one-cell-merged",
    Message("You counted one cell: four cells are put in one row, so the map reads 4 C channels."),
    PatchMerging, WEIGHED,
)  # fmt: skip
class _OneCellMerged(PatchMerging):
    @property
    def merged(self) -> Number:
        return self.in_channels


@belief(
    "merged-to-all-channels",
    Message("You kept all channels of the four cells: the map halves them."),
    PatchMerging, WEIGHED | WRITTEN,
)  # fmt: skip
class _MergedToAllChannels(PatchMerging):
    @property
    def width(self) -> Number:
        return self.merged


@belief(
    "merged-at-every-cell",
    Message("You counted every cell: four cells are merged into one, so the map runs for a quarter of them."),
    PatchMerging, PRICED,
)  # fmt: skip
class _MergedAtEveryCell(PatchMerging):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        return super().does(shape, Image((output[0], *shape[1:])), setting)


@belief(
    "merged-once",
    Message("You counted one place: the map runs wherever four cells are merged."),
    PatchMerging, PRICED,
)  # fmt: skip
class _MergedOnce(PatchMerging):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        return super().does(shape, Image((output[0], 1, 1)), setting)
