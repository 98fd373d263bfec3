"""The grammar of a mapping file, as typed models. `loading.py` reads files into them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from lstm_migrate.mapping.layout_grammar import ActivationMeaning, LayoutDeclaration, Part
from lstm_migrate.mapping.rule_grammar import LayerRule, ModelLayer, Replacement, SourceFacts, VerifySettings

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

# The names in resizing/flows.
FlowWord = Literal[
    "activation",
    "along",
    "attention",
    "bidirectional",
    "concatenate",
    "conv_recurrent",
    "convolution",
    "dense",
    "dot",
    "each",
    "einsum",
    "embedding",
    "expand_dims",
    "flatten",
    "get_item",
    "global_pooling",
    "held",
    "image",
    "layer_normalization",
    "masking",
    "moved",
    "multi_head_attention",
    "one_hot",
    "operation_reshape",
    "passes",
    "permute",
    "prelu",
    "product",
    "recurrent",
    "reduced",
    "relu",
    "repeat_vector",
    "repeated",
    "rescaling",
    "reshape",
    "softmax",
    "space",
    "split",
    "squeeze",
    "stack",
    "take",
    "tied",
    "time_distributed",
    "tokens",
    "top_k",
    "transpose",
    "unit_normalization",
    "unstack",
]


class Becomes(Part):
    """Another kind (the same if none is given) and config keys: what a layer is written or was stored as."""

    kind: str = Field(default="", description="the layer class, if another")
    config: dict[str, Any] = Field(default_factory=dict, description="config keys over those that it has")


class CellDeclaration(Part):
    """Which layout a layer kind has, and which config keys give its sizes."""

    layout: str = Field(description="the layout of its arrays")
    when: dict[str, str] = Field(
        default_factory=dict, description="config key, or key=value → the layout where it holds"
    )
    sizes: dict[str, str] = Field(
        default_factory=dict, description="symbol → the config key that is its size"
    )
    becomes: Becomes | None = Field(default=None, description="what it is written as in Keras 3")
    packings: list[Becomes] = Field(
        default_factory=list,
        description="what the arrays may be instead, if the architecture lies beside them",
    )


class Only(Part):
    """A config key that may only have one value; any other is refused with the reason."""

    value: Any = Field(description="the value, or a list of values")
    otherwise: str = Field(description="why another one is refused")


class LayerDeclaration(Part):
    """The fate of a layer class and of each of its config keys."""

    kind: str | None = Field(default=None, description="Keras 3's class, if it is called otherwise")
    module: str = Field(
        default="", description="where a class of the target that Keras itself lacks is found"
    )
    package: str = Field(
        default="", description='whose class it is, as configs put in front of its name ("Addons>ESN")'
    )
    is_: str = Field(
        default="", alias="is", description="the class of which this one is a fork, with the same config keys"
    )
    layout: str = Field(
        default="", description="how its arrays lie, and what it computes, if otherwise than that class"
    )
    aliases: list[str] = Field(default_factory=list, description="what files call the class as well")
    weights: list[str] = Field(
        default_factory=list, description='its arrays by role, in the order of the file: "bias?use_bias"'
    )
    ignore: dict[str, str] = Field(
        default_factory=dict, description="an array of the file → why nobody needs it"
    )
    names: dict[str, str] = Field(
        default_factory=dict, description="role → what the file calls the array, if not by its Keras 3 name"
    )
    axes: dict[str, str] = Field(default_factory=dict, description="role → axes in Keras 3's order")
    stored: dict[str, str | list[str]] = Field(
        default_factory=dict, description="role → axes in the file's; of a list the first that fits"
    )
    stored_when: dict[str, dict[str, str | list[str]]] = Field(
        default_factory=dict, description="config key, or key=value → the same where it holds"
    )
    sizes: dict[str, str | int] = Field(
        default_factory=dict, description="symbol → the config key, or the number, that is its size"
    )
    join: dict[str, list[str]] = Field(
        default_factory=dict, description="config key → the keys that it is made of, in their order"
    )
    keep: list[str] = Field(
        default_factory=list, description='config keys that mean the same in Keras 3; "@name" for a group'
    )
    rename: dict[str, str] = Field(default_factory=dict, description="config key → its name in Keras 3")
    drop: dict[str, str] = Field(
        default_factory=dict, description="config key → why leaving it out changes no output"
    )
    only: dict[str, Only] = Field(
        default_factory=dict, description="config key → the one value that Keras 3 still computes"
    )
    defaults: dict[str, Any] = Field(
        default_factory=dict, description="config key → what it is where the file does not say"
    )
    convert: dict[str, Conversion] = Field(
        default_factory=dict, description="config key → how its value is rewritten"
    )
    refuse: str | None = Field(default=None, description="why the class cannot be carried over")
    flow: FlowWord | None = Field(
        default=None, description="how features pass through it where sizes change; else they cannot"
    )
    neutral: dict[str, float] = Field(
        default_factory=dict,
        description="role → the number for a new feature that passes, so that nothing happens to it",
    )


class ObjectDeclaration(Part):
    """An initializer, regularizer or constraint of the source and its Keras 3 class."""

    class_: str | None = Field(
        default=None, alias="class", description="Keras 3's class, if called otherwise"
    )
    aliases: list[str] = Field(default_factory=list, description="what files call it as well")
    keep: list[str] = Field(default_factory=list, description="config keys that mean the same in Keras 3")
    rename: dict[str, str] = Field(default_factory=dict, description="config key → its name in Keras 3")
    drop: dict[str, str] = Field(
        default_factory=dict, description="config key → why leaving it out changes no output"
    )
    values: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="config key → its values → those of Keras 3"
    )
    config: dict[str, Any] = Field(default_factory=dict, description="config keys that it is written with")
    refuse: str | None = Field(default=None, description="why it cannot be carried over")


class Clue(Part):
    """A config key somewhere inside a layer of this class, always there unless a class of `unless` is."""

    class_: str = Field(alias="class", description="the layer class")
    key: str = Field(description="the config key")
    unless: list[str] = Field(default_factory=list, description="classes beside which it may be missing")


class ActivationLayerDeclaration(Part):
    """A layer class that computes an activation, as a config may hold one in place of a name."""

    function: str = Field(description="the function that it computes")
    parameters: dict[str, str] = Field(
        default_factory=dict, description="config key → the function's parameter"
    )
    plain: dict[str, Any] = Field(
        default_factory=dict, description="parameters at which the function is the one without any"
    )


class Alternative(Part):
    """Semantics that a file of a version before `until` may have had as well: the version does not tell.

    The config may, by a key that only one of both writes.
    """

    until: str = Field(description="the first version that has them no longer")
    told_by: Clue | None = Field(
        default=None,
        description="a key that they alone write, and write always: without it they are ruled out",
    )
    ruled_out_by: Clue | None = Field(default=None, description="a key that they never write")
    semantics: dict[str, Any] = Field(description="what no config says")


class BackendDeclaration(Part):
    """What differs where the source computed with this backend."""

    semantics: dict[str, Any] = Field(default_factory=dict, description="what no config says")
    flipped: dict[str, list[str]] = Field(
        default_factory=dict, description="layer class → the arrays whose spatial axes are stored backwards"
    )


class Document(Part):
    """One mapping file.

    The first group of sections is what users write. The others declare a whole source, as the shipped files
    do: what its classes, config keys and names mean.
    """

    version: Literal[1] = Field(description="of this language: 1")
    name: str = Field(default="", description="how the file is called in messages; a shipped one as its file")
    summary: str = Field(default="", description="one line for `mappings list`")

    source: SourceFacts = Field(default=SourceFacts(), description="which file this is about")
    layouts: dict[str, LayoutDeclaration] = Field(default_factory=dict, description="how forks store cells")
    layers: dict[str, LayerRule | list[LayerRule]] = Field(
        default_factory=dict, description="source layer, or a pattern of their names → where its arrays go"
    )
    replace: dict[str, list[Replacement]] = Field(
        default_factory=dict, description="layer, or pattern → the stock layers in its place"
    )
    ignore: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict, description="tensor, or pattern → why nobody needs it"
    )
    model: list[ModelLayer] = Field(
        default_factory=list, description="the new model, a chain of stock layers, if no file has it"
    )
    assume: dict[str, str] = Field(
        default_factory=dict, description="what the arrays do not tell, for --architecture infer"
    )
    verify: VerifySettings = Field(default=VerifySettings(), description="how the result is proven")

    extends: str | list[str] | None = Field(default=None, description="shipped files that this one builds on")
    semantics: dict[str, Any] = Field(default_factory=dict, description="what no config says")
    activations: dict[str, ActivationMeaning] = Field(
        default_factory=dict, description="activation names → what they compute"
    )
    value_types: dict[str, ValueType | list[str | None]] = Field(
        default_factory=dict, description="config key, or pattern → what kind of value it has"
    )
    groups: dict[str, list[str]] = Field(
        default_factory=dict, description='config keys that a "@name" in keep stands for'
    )
    objects: dict[str, dict[str, ObjectDeclaration]] = Field(
        default_factory=dict, description="initializers, regularizers and constraints"
    )
    common: LayerDeclaration = Field(default=LayerDeclaration(), description="config keys of every layer")
    classes: dict[str, LayerDeclaration] = Field(
        default_factory=dict, description="layer class → the fate of its config keys, its arrays"
    )
    cells: dict[str, CellDeclaration] = Field(default_factory=dict, description="which layout a class has")
    linear: dict[str, dict[str, list[str]]] = Field(
        default_factory=dict, description="arrays in which an activation's argument is linear"
    )
    alternatives: list[Alternative] = Field(
        default_factory=list, description="semantics that the file's version leaves open"
    )
    backends: dict[str, BackendDeclaration] = Field(
        default_factory=dict, description="what differs where the source computed with this backend"
    )
    activation_layers: dict[str, ActivationLayerDeclaration] = Field(
        default_factory=dict, description="layer classes that compute an activation"
    )
    never_trained: list[str] = Field(default_factory=list, description="roles that no optimizer trains")
    operations: dict[str, dict[str, Any]] = Field(default_factory=dict, description="operations by class")
    node_operations: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="operations of TensorFlow by name"
    )


USER_SECTIONS = "version name summary source layouts layers replace ignore model assume verify".split()
"""The sections that speak of one file or fork; `activations` and `classes` serve users as well."""
