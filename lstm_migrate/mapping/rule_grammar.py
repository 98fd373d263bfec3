"""The grammar of rules: which source this is about, and where its layers go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from lstm_migrate.mapping.layout_grammar import LayoutFacts, Part

Format = Literal["npz", "safetensors", "hdf5", "keras"]

MOST_UNITS = 1 << 20
MOST_ROWS = 1 << 24
"""Of a layer: more is a slip of the finger, and the reckoning of it would fill the memory."""

Keep = Literal["first", "last", "norm", "activity"]
RowFill = Literal["zeros", "mean", "normal"]
UnitFill = Literal["duplicate", "incoming", "outgoing", "zeros", "mean", "normal"]
ClassBias = Literal["-inf-like", "mean"]

INPUTS = frozenset({"Input", "InputLayer"})
"""What `model:` may call the layer that says what is fed; `shape` is then without the batch."""


class SourceFacts(Part):
    """Which file the mapping is for, and how its layers lie of which no rule says otherwise."""

    format: Format | None = Field(
        default=None, description="what the file must be; checked when it is opened"
    )
    layout: str | list[str] = Field(
        default_factory=list, description="the layout of its cells; a list if there are several kinds"
    )

    @property
    def layouts(self) -> list[str]:
        return [self.layout] if isinstance(self.layout, str) else list(self.layout)


class Position(Part):
    """Which part of arrays that hold several layers or directions is meant."""

    layer: int | None = Field(default=None, ge=0, description="its number, from 0")
    dir: Literal["forward", "backward"] | None = Field(default=None, description="its direction")


class VocabularyRule(Part):
    """The tokens of a model before and after: two lists, or a size alone."""

    old: str = Field(default="", description="a file with the tokens of the source, beside the mapping file")
    new: str = Field(default="", description="a file with those that the new model is to have")
    size: int | None = Field(
        default=None,
        ge=1,
        le=MOST_ROWS,
        description="how many rows: in the place of two files, or with them if there are unnamed ones behind",
    )
    fill: RowFill | None = Field(default=None, description="what the rows of new tokens are; mean by default")
    seed: int | None = Field(default=None, ge=0, description="of whatever is drawn for them; 0 by default")
    output: str = Field(default="", description="the Dense layer that has a unit for each token: done alike")
    bias: ClassBias | None = Field(
        default=None, description="of new units there: -inf-like (never chosen, the default) or mean"
    )


class LayerRule(LayoutFacts):
    """Where the arrays of a source layer go, and how they lie if not as the default layout says."""

    to: str = Field(
        default="", description="the layer of the new model; {captures} of the pattern stand in it"
    )
    layout: str = Field(default="", description="how its arrays lie: a layout of this file or a shipped one")
    at: Position = Field(default=Position(), description="which layer or direction, of several in one array")
    units: int | None = Field(
        default=None,
        ge=1,
        le=MOST_UNITS,
        description="how many units it is to have; of a Bidirectional layer, each direction",
    )
    filters: int | None = Field(default=None, ge=1, le=MOST_UNITS, description="the same of a convolution")
    output_dim: int | None = Field(
        default=None, ge=1, le=MOST_UNITS, description="the same of an Embedding: its width"
    )
    keep: Keep | list[Annotated[int, Field(ge=0)]] | None = Field(
        default=None,
        description="which are left: first, last, those with the largest weights (norm), those that say most "
        "(activity), or their numbers from 0 in their new order",
    )
    fill: UnitFill | None = Field(
        default=None,
        description="what new ones are: for units duplicate, incoming, outgoing or zeros; for rows mean, "
        "zeros or normal; the first of these if nothing is said",
    )
    seed: int | None = Field(
        default=None, ge=0, description="of whatever is drawn for new ones; 0 by default"
    )
    dead: bool | None = Field(
        default=None, description="new units may be zero on both sides, so that they never learn"
    )
    compensate: bool | None = Field(default=None, description="what reads units that go is fitted again")
    inputs: int | None = Field(
        default=None,
        ge=1,
        le=MOST_UNITS,
        description="how many features it takes; other numbers than units before it are refused",
    )
    features: list[Annotated[int, Field(ge=0)] | None] | None = Field(
        default=None,
        description="of the model's input: the old numbers of its features, in their new order; null is new",
    )
    input_dim: int | None = Field(
        default=None, ge=1, le=MOST_ROWS, description="how many rows an Embedding is to have"
    )
    vocabulary: VocabularyRule | None = Field(
        default=None, description="the tokens of an Embedding, or of the Dense layer that gives their odds"
    )
    batch: Annotated[int, Field(ge=1, le=MOST_ROWS)] | Literal["free"] | None = Field(
        default=None, description="how many samples a batch has: of a stateful model"
    )
    time: Annotated[int, Field(ge=1, le=MOST_ROWS)] | Literal["free"] | None = Field(
        default=None, description="how many steps an input has, or free"
    )


class Replacement(Part):
    """A stock layer, by Keras 3's class name and constructor arguments."""

    class_: str = Field(alias="class", description="a layer class of Keras 3")
    config: dict[str, Any] = Field(default_factory=dict, description="its constructor arguments")


class ModelLayer(Replacement):
    """A layer of the model that `model:` lists."""

    name: str = Field(default="", description="its name; Keras 3's default name if empty")


class VerifySettings(Part):
    """How the result is to be proven."""

    recorded: str = Field(
        default="", description="an .npz with input_0 …, output_0 …, beside the mapping file"
    )


UNITS = ("units", "filters", "output_dim")
"""How layers call the number of their units; a rule has one of them."""
SIZE_KEYS = frozenset(
    (*UNITS, *"keep fill seed dead compensate inputs features input_dim vocabulary batch time".split())
)
"""What a rule may say of sizes."""
