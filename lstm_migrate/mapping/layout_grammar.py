"""The grammar of layouts: how a framework, or a fork, stores a layer's arrays and what its cell computes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from lstm_migrate.errors import MappingError
from lstm_migrate.layouts.axes import Axes


class Part(BaseModel):
    """A part of a mapping file: no keys but those declared, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TensorDeclaration(Part):
    """One array of a layout: its axes, what the file calls it, and which gates it holds if not all.

    `each`: every gate has an array of its own with these axes; the name then holds "{gate}". `poured`: how
    values lie inside a gate's block if otherwise than the axes say (cuDNN). `apart`: axes do not tell what
    it is for, so it goes to the array of the same role and to no other. `feeds`: the gates whose argument
    is linear in it, if not all of them: one for a peephole, none for what a normalisation stands behind.
    """

    axes: str = Field(description="an axis expression: x (gate u)")
    name: str = Field(
        default="", description="what the file calls it behind the layer's name; the role if empty"
    )
    optional: bool = Field(default=False, description="a file may lack it")
    each: Literal["gate"] | None = Field(
        default=None, description="one array for each gate, {gate} in its name"
    )
    gates: list[str] = Field(default_factory=list, description="the gates that it holds, if not all")
    poured: str = Field(
        default="", description="the order of values inside a gate's block, if not that of the axes"
    )
    apart: bool = Field(default=False, description="goes to the array of the same role only")
    feeds: list[str] | None = Field(
        default=None, description="the gates whose argument is linear in it, if not all"
    )

    @field_validator("axes", "poured")
    @classmethod
    def _parses(cls, text: str) -> str:
        try:
            Axes.parse(text)
        except MappingError as error:
            raise PydanticCustomError("axes", "{said}", {"said": str(error)}) from error
        return text


class ActivationMeaning(BaseModel):
    """What an activation computes: its function, and the function's parameters as further keys."""

    model_config = ConfigDict(extra="allow", frozen=True)
    function: str = Field(description="hard_sigmoid, relu, leaky_relu …")


class LayoutFacts(Part):
    """What may be said of a layout, and of a single layer that differs from its layout."""

    gates: list[str] | None = Field(
        default=None, description="the order of the gates in the arrays, by the letters that names use"
    )
    bias: Literal["single", "double", "none"] | None = Field(
        default=None, description="one bias, one for the input and one for the recurrent product, or none"
    )
    orientation: Literal["inputs_first", "units_first"] | None = Field(
        default=None, description="inputs_first: x @ W, as Keras; units_first: W @ x, as PyTorch"
    )
    names: dict[str, str] = Field(default_factory=dict, description="role → what the file calls the array")
    tensors: dict[str, TensorDeclaration] = Field(
        default_factory=dict, description="role → the array, where the shorter facts do not reach"
    )
    forget_bias: float | None = Field(
        default=None, allow_inf_nan=False, description="added to the forget gate's argument at run time"
    )
    activations: dict[str, str | ActivationMeaning] = Field(
        default_factory=dict, description="activation, recurrent_activation → function, with its parameters"
    )
    reset_after: bool | None = Field(
        default=None,
        description="GRU: the reset gate acts after the recurrent product (true) or before it (false)",
    )
    update_gate: Literal["keeps", "renews"] | None = Field(
        default=None, description="GRU: z keeps the old state, as in Keras, or lets in the new one"
    )
    coupled: Literal["input", "forget"] | None = Field(
        default=None, description="LSTM: this gate is 1 minus the other one and is not stored"
    )
    directions: list[str] | None = Field(
        default=None,
        min_length=2,
        max_length=2,
        description='what "{dir}" in names stands for: forward, then backward',
    )


class LayoutDeclaration(LayoutFacts):
    """How a framework stores a layer. `cell` for recurrent ones, `layer` for a class of another kind."""

    extends: str | None = Field(default=None, description="the layout of which this one is a variation")
    cell: Literal["lstm", "gru", "simple_rnn"] | None = Field(
        default=None, description="the cell, from nothing"
    )
    layer: str | None = Field(default=None, description="the class of a layer that is no cell, e.g. Dense")
    computes: dict[str, list[str]] = Field(
        default_factory=dict, description="activation key → the gates on which it acts"
    )
    summary: str = Field(default="", description="one line for `mappings list`")


def flat_facts(declared: LayoutFacts) -> dict[str, Any]:
    """What is said, by key; what is not said is not there."""
    return {key: getattr(declared, key) for key in declared.model_fields_set}
