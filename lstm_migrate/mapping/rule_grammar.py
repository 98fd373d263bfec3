"""The grammar of rules: which source this is about, and where its layers go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from lstm_migrate.mapping.layout_grammar import LayoutFacts, Part

Format = Literal["npz", "safetensors", "hdf5", "keras"]


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


class LayerRule(LayoutFacts):
    """Where the arrays of a source layer go, and how they lie if not as the default layout says."""

    to: str = Field(
        default="", description="the layer of the new model; {captures} of the pattern stand in it"
    )
    layout: str = Field(default="", description="how its arrays lie: a layout of this file or a shipped one")
    at: Position = Field(default=Position(), description="which layer or direction, of several in one array")
    units: int | None = Field(default=None, ge=1, description="cut to so many units; the others are lost")
    inputs: int | None = Field(default=None, ge=1, description="reads so many inputs of a layer that is cut")
    keep: Literal["first", "last"] | list[Annotated[int, Field(ge=0)]] = Field(
        default="first", description="which units are left: first, last, or their numbers from 0"
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
