"""The grammar of a mapping file, as typed models. `loading.py` reads files into them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from lstm_migrate.errors import MappingError
from lstm_migrate.layouts.axes import Axes

# The names in mapping/conversions.py, and what vocabulary.py and architecture/ read by themselves.
Conversion = Literal["single", "axes", "number"]
ValueType = Literal[
    "activation",
    "initializer",
    "regularizer",
    "constraint",
    "layer",
    "layers",
    "size",
    "sizes",
    "integers",
    "flag",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TensorDeclaration(_Part):
    """One array of a layout: its axes, and how values lie inside a gate's block if otherwise."""

    axes: str
    name: str = ""
    optional: bool = False
    each: Literal["gate"] | None = None
    poured: str = ""

    @field_validator("axes", "poured")
    @classmethod
    def _parses(cls, text: str) -> str:
        if text:
            try:
                Axes.parse(text)
            except MappingError as error:
                raise PydanticCustomError("axes", "{said}", {"said": str(error)}) from error
        return text


class LayoutDeclaration(_Part):
    """How a framework stores a cell and what its activations act on."""

    extends: str | None = None
    cell: str | None = None
    gates: list[str] | None = None
    tensors: dict[str, TensorDeclaration] = Field(default_factory=dict)
    computes: dict[str, list[str]] = Field(default_factory=dict)


class Becomes(_Part):
    """What a layer kind that Keras 3 lacks is written as."""

    kind: str
    config: dict[str, Any] = Field(default_factory=dict)


class CellDeclaration(_Part):
    """Which layout a layer kind has, and which config keys give its sizes."""

    layout: str
    when: dict[str, str] = Field(default_factory=dict)
    sizes: dict[str, str] = Field(default_factory=dict)
    becomes: Becomes | None = None


class Only(_Part):
    """A config key that may only have one value; any other is refused with the reason."""

    value: Any
    otherwise: str


class LayerDeclaration(_Part):
    """The fate of a layer class and of each of its config keys."""

    kind: str | None = None
    aliases: list[str] = Field(default_factory=list)
    weights: list[str] = Field(default_factory=list)
    ignore: dict[str, str] = Field(default_factory=dict)
    axes: dict[str, str] = Field(default_factory=dict)
    sizes: dict[str, str] = Field(default_factory=dict)
    keep: list[str] = Field(default_factory=list)
    rename: dict[str, str] = Field(default_factory=dict)
    drop: dict[str, str] = Field(default_factory=dict)
    only: dict[str, Only] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    convert: dict[str, Conversion] = Field(default_factory=dict)
    refuse: str | None = None


class ObjectDeclaration(_Part):
    """An initializer, regularizer or constraint of the source and its Keras 3 class."""

    class_: str | None = Field(default=None, alias="class")
    aliases: list[str] = Field(default_factory=list)
    keep: list[str] = Field(default_factory=list)
    rename: dict[str, str] = Field(default_factory=dict)
    drop: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, Any]] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)
    refuse: str | None = None


class ActivationDeclaration(BaseModel):
    """What an activation name means; further keys are its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)
    function: str


class Clue(_Part):
    """A config key somewhere inside a layer of this class, always there unless a class of `unless` is."""

    class_: str = Field(alias="class")
    key: str
    unless: list[str] = Field(default_factory=list)


class ActivationLayerDeclaration(_Part):
    """A layer class that computes an activation, as a config may hold one in place of a name.

    `parameters`: config key → the function's parameter. `plain`: parameters at which the function is the
    one without any.
    """

    function: str
    parameters: dict[str, str] = Field(default_factory=dict)
    plain: dict[str, Any] = Field(default_factory=dict)


class Alternative(_Part):
    """Semantics that a file of a version before `until` may have had as well: the version does not tell.

    The config may: `told_by` a key that these semantics alone write, and write always, so that its
    absence from such a layer rules them out; `ruled_out_by` a key that they never write.
    """

    until: str
    told_by: Clue | None = None
    ruled_out_by: Clue | None = None
    semantics: dict[str, Any]


class BackendDeclaration(_Part):
    """What differs where the source computed with this backend."""

    semantics: dict[str, Any] = Field(default_factory=dict)
    flipped: dict[str, list[str]] = Field(default_factory=dict)


class Document(_Part):
    """One mapping file."""

    version: Literal[1]
    name: str
    summary: str = ""
    extends: str | list[str] | None = None
    semantics: dict[str, Any] = Field(default_factory=dict)
    activations: dict[str, ActivationDeclaration] = Field(default_factory=dict)
    value_types: dict[str, ValueType | list[str | None]] = Field(default_factory=dict)
    groups: dict[str, list[str]] = Field(default_factory=dict)
    objects: dict[str, dict[str, ObjectDeclaration]] = Field(default_factory=dict)
    common: LayerDeclaration = LayerDeclaration()
    layers: dict[str, LayerDeclaration] = Field(default_factory=dict)
    layouts: dict[str, LayoutDeclaration] = Field(default_factory=dict)
    cells: dict[str, CellDeclaration] = Field(default_factory=dict)
    linear: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    alternatives: list[Alternative] = Field(default_factory=list)
    backends: dict[str, BackendDeclaration] = Field(default_factory=dict)
    activation_layers: dict[str, ActivationLayerDeclaration] = Field(default_factory=dict)
    never_trained: list[str] = Field(default_factory=list)
    operations: dict[str, dict[str, Any]] = Field(default_factory=dict)
    node_operations: dict[str, dict[str, Any]] = Field(default_factory=dict)
