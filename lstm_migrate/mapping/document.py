"""The grammar of a mapping file, as typed models. `loading.py` reads files into them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from lstm_migrate.errors import MappingError
from lstm_migrate.layouts.axes import Axes

# The names in mapping/conversions.py, and what vocabulary.py and architecture/ read by themselves.
Conversion = Literal[
    "single", "axes", "number", "ordering", "ends", "sides", "none_in_a_list", "listed", "contracted"
]
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
    """One array of a layout: its axes, and how values lie inside a gate's block if otherwise.

    `apart`: axes do not tell what it is for, so it goes to the array of the same role and to no other.
    `feeds`: the gates whose argument is linear in it, if not all of them: one for a peephole, none for
    what a normalisation stands behind.
    """

    axes: str
    name: str = ""
    optional: bool = False
    each: Literal["gate"] | None = None
    poured: str = ""
    apart: bool = False
    feeds: list[str] | None = None

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
    """Another kind (the same if none is given) and config keys: what a layer is written or was stored as."""

    kind: str = ""
    config: dict[str, Any] = Field(default_factory=dict)


class CellDeclaration(_Part):
    """Which layout a layer kind has, and which config keys give its sizes."""

    layout: str
    when: dict[str, str] = Field(default_factory=dict)
    sizes: dict[str, str] = Field(default_factory=dict)
    becomes: Becomes | None = None
    packings: list[Becomes] = Field(default_factory=list)


class Only(_Part):
    """A config key that may only have one value; any other is refused with the reason."""

    value: Any
    otherwise: str


class LayerDeclaration(_Part):
    """The fate of a layer class and of each of its config keys.

    `weights`: its arrays by role, in the order of the file, e.g. "bias?use_bias". `names`: what the file
    calls a role behind the layer's name ("W"), if not by its Keras 3 name. `axes`: each array in Keras
    3's order of axes; `stored`: as the file has it, if otherwise, or a list of which the first that fits
    counts; `stored_when`: the same where a
    condition on the config holds. `sizes`: the config key, or the number, that a symbol stands for.
    `join`: a key made of several others, in their order. `module`: where a class of the target that Keras
    itself lacks is found. `package`: whose class it is, as configs put in front of its name ("Addons>ESN").
    """

    kind: str | None = None
    module: str = ""
    package: str = ""
    aliases: list[str] = Field(default_factory=list)
    weights: list[str] = Field(default_factory=list)
    ignore: dict[str, str] = Field(default_factory=dict)
    names: dict[str, str] = Field(default_factory=dict)
    axes: dict[str, str] = Field(default_factory=dict)
    stored: dict[str, str | list[str]] = Field(default_factory=dict)
    stored_when: dict[str, dict[str, str | list[str]]] = Field(default_factory=dict)
    sizes: dict[str, str | int] = Field(default_factory=dict)
    join: dict[str, list[str]] = Field(default_factory=dict)
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


class Replacement(_Part):
    """A stock layer, by Keras 3's class name and constructor arguments."""

    class_: str = Field(alias="class")
    config: dict[str, Any] = Field(default_factory=dict)


class UserMapping(_Part):
    """A user's mapping file: what a source is meant to be where it does not say so itself.

    `replace`: for layers of this name, or names that match the pattern, the stock layers in their place,
    one behind the other. `assume`: what inference is to take for given.
    """

    version: Literal[1]
    name: str = ""
    summary: str = ""
    replace: dict[str, list[Replacement]] = Field(default_factory=dict)
    assume: dict[str, str] = Field(default_factory=dict)


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
