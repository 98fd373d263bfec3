"""Vocabulary: one source's words, looked up: layer classes, config keys, activations, objects.

It answers "what does this mean in Keras 3's words" from a Document and the version that wrote the
file; it never decides anything that the document does not say.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from lstm_migrate.custom import NO_PARTS, CustomParts, is_custom
from lstm_migrate.errors import PlanError, Problem
from lstm_migrate.graph import Activation, Layer, Storage
from lstm_migrate.layouts.layout import Layout
from lstm_migrate.mapping.clues import lacks, stands
from lstm_migrate.mapping.conversions import CHECKED_TYPES, CONVERSIONS, one_of
from lstm_migrate.mapping.document import Document, LayerDeclaration, ObjectDeclaration
from lstm_migrate.mapping.layouts import Declared, resolved

OBJECT_KINDS = {"initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints"}

# Read by architecture/, whatever the layer: who it is, not what it computes.
STRUCTURAL = frozenset({"name", "trainable", "dtype", "batch_input_shape", "batch_shape"})

STORED_AS = "stored_as"
"""The config key by which a fork's class is known after its config was read: its layout's name."""

# What old Keras writes of a layer of any class, beside the arguments of its own.
OF_ANY_LAYER = STRUCTURAL | {"input_dtype", "input_shape", "dynamic", "autocast"}


@dataclass(frozen=True)
class Fate:
    """What became of a layer's config: Keras 3's words, what was dropped and why, what is wrong."""

    config: dict[str, Any]
    dropped: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The words of one source. `version` is the writer's, as a tuple of numbers; `custom`: what the user
    adds to them, which goes before classes and functions of the same name. `forks`: the layouts of layers
    that a mapping file speaks of, by the name that their `storage` has."""

    document: Document
    version: tuple[int, ...] = ()
    custom: CustomParts = NO_PARTS
    forks: Mapping[str, Declared] = field(default_factory=dict)

    @cached_property
    def _classes(self) -> dict[str, str]:
        names = {}
        for name, declaration in self.document.classes.items():
            names[f"{declaration.package}>{name}" if declaration.package else name] = name
            names.update(dict.fromkeys(declaration.aliases, name))
        return names

    def layer(self, class_name: str) -> tuple[str, LayerDeclaration] | None:
        """(kind, declaration) of a layer class, or None if this source has no such class."""
        own = self.custom.layer(class_name)
        if own is not None:
            return own, LayerDeclaration()
        name = self._classes.get(class_name)
        if name is None and self.is_fork(class_name):
            name = bare_name(class_name)
        if name is None:
            return None
        declaration = self.document.classes[name]
        return declaration.kind or name, declaration

    def is_fork(self, class_name: str) -> bool:
        """Whether a mapping file says of what class this one is a fork, whatever package it is of."""
        declared = self.document.classes.get(bare_name(class_name))
        return declared is not None and bool(declared.is_)

    def fate(self, class_name: str, config: Mapping[str, Any], where: str) -> Fate:
        """`config` in Keras 3's words. Every key has a declared fate; an unknown one is a problem."""
        found = self.layer(class_name)
        assert found is not None
        kind, declaration = found
        fate = Fate({}, {})
        if is_custom(kind):
            return self._as_given(config, fate)
        problems: list[Problem] = []
        kept = self._kept(declaration)
        for key, value in _joined(declaration, config).items():
            if key in STRUCTURAL and key not in declaration.only:
                continue
            name = declaration.rename.get(key, key)
            if key in declaration.rename or key in kept:
                try:
                    fate.config[name] = self._value(name, value, declaration, fate)
                except PlanError as error:
                    problems += [
                        Problem(p.what, f"{where}: {key}", p.found, p.expected, p.hint)
                        for p in error.problems
                    ]
            else:
                problems += self._unkept(declaration, key, value, f"{where}: {class_name}", fate)
        common = {key: value for key, value in self.document.common.defaults.items() if key in kept}
        for key, default in {**common, **declaration.defaults}.items():
            if key not in fate.config:
                fate.config[key] = self._value(key, self._default(default), declaration, fate)
        return Fate(fate.config, fate.dropped, tuple(problems))

    def _as_given(self, config: Mapping[str, Any], fate: Fate) -> Fate:
        """A custom layer's arguments as they are, with Keras's own objects among them in Keras 3's words."""
        for key, value in config.items():
            kind = self.type_of(key)
            if isinstance(kind, str) and kind in OBJECT_KINDS:
                fate.config[key] = self._object(kind, value, key, fate)
            elif key not in OF_ANY_LAYER and (key, value) != ("activity_regularizer", None):
                fate.config[key] = value
        return fate

    def type_of(self, key: str) -> str | list[str | None]:
        """What kind of value stands behind a config key; "" if any may."""
        types = self.document.value_types.items()
        return next((type_ for glob, type_ in types if fnmatchcase(key, glob)), "")

    def _kept(self, declaration: LayerDeclaration) -> frozenset[str]:
        kept: list[str] = []
        for key in declaration.keep + self.document.common.keep:
            kept += self.document.groups[key[1:]] if key.startswith("@") else [key]
        return frozenset(kept)

    def _unkept(
        self, declaration: LayerDeclaration, key: str, value: Any, where: str, fate: Fate
    ) -> list[Problem]:
        only = declaration.only.get(key) or self.document.common.only.get(key)
        if only is not None:
            allowed = only.value if isinstance(only.value, list) else [only.value]
            if value in allowed or value == only.value:
                return []
            expected = " or ".join(json.dumps(item) for item in allowed)
            return [Problem(only.otherwise, where, f"{key}={json.dumps(value)}", f"{key}={expected}")]
        reason = declaration.drop.get(key) or self.document.common.drop.get(key)
        if reason is not None:
            fate.dropped[key] = reason
            return []
        return [
            Problem(
                f"unknown config key {key!r}",
                where,
                found=f"{key}={json.dumps(value, default=str)[:80]}",
                expected="a key that this layer has in some version of Keras",
                hint="It may change what the layer computes, so it is not dropped without a word.",
            )
        ]

    def semantics(self, backend: str = "", architecture: Any = None) -> list[dict[str, Any]]:
        """What no config says, as fields of `reference.Semantics`; further entries where neither the
        version in a file nor its config tells which of several frameworks wrote it."""
        base = {key: self._default(value) for key, value in self.document.semantics.items()}
        if backend in self.document.backends:
            base |= self.document.backends[backend].semantics
        found = [base]
        for other in self.document.alternatives:
            if self.version >= version_numbers(other.until) or stands(other.ruled_out_by, architecture):
                continue
            if stands(other.told_by, architecture):
                return [{**base, **other.semantics}]
            if not lacks(other.told_by, architecture):
                found.append({**base, **other.semantics})
        return found

    def _default(self, default: Any) -> Any:
        if not (isinstance(default, list) and default and isinstance(default[0], dict)):
            return default
        for choice in default:
            until = choice.get("until")
            if until is None or self.version < version_numbers(str(until)):
                return choice["value"]
        return default[-1]["value"]

    def _value(self, key: str, value: Any, declaration: LayerDeclaration, fate: Fate) -> Any:
        conversion = declaration.convert.get(key)
        if conversion is not None:
            value = CONVERSIONS[conversion](value)
        kind = self.type_of(key)
        if isinstance(kind, list):
            return one_of(value, kind)
        if kind in CHECKED_TYPES:
            return CHECKED_TYPES[kind](value)
        if kind == "activation":
            return self.activation(value)
        if kind in OBJECT_KINDS:
            return self._object(kind, value, key, fate)
        return value

    def keeps(self, kind: str, key: str) -> bool:
        """Whether layers of this kind have such a config key."""
        declaration = self.document.classes.get(kind)
        return declaration is not None and key in self._kept(declaration)

    def activation(self, value: Any) -> Activation:
        """What an activation in a config means; PlanError if this source has none of that name."""
        layer = self._activation_layer(value)
        if layer is not None:
            return layer
        name = activation_name(value)
        custom = self.custom.activation(name)
        if custom is not None:
            return custom
        declared = self.document.activations.get(name)
        if declared is None:
            raise PlanError(
                f"unknown activation {name!r}",
                found=json.dumps(value, default=str)[:120],
                expected=f"one of {', '.join(sorted(self.document.activations))}",
                hint="It is a layer with arrays of its own: put it behind in the old model, and save again."
                if self.layer(name)
                else "It is a custom one, and its code is not in the file: give the function with --custom "
                "module:name, or put stock layers in the layer's place with a mapping file (replace:).",
            )
        return Activation(declared.function, dict(declared.model_extra or {}))

    def _activation_layer(self, value: Any) -> Activation | None:
        """What an activation given as a layer means; None if it is none, or none that is declared."""
        class_name, config = _class_and_config(value)
        declared = self.document.activation_layers.get(class_name)
        if declared is None or not isinstance(value, Mapping):
            return None
        parameters = {name: config.get(key) for key, name in declared.parameters.items()}
        said = {
            name: found
            for name, found in parameters.items()
            if found is not None and not _same(found, declared.plain.get(name))
        }
        return Activation(
            declared.function, {name: CONVERSIONS["number"](found) for name, found in said.items()}
        )

    def activation_layer(self, activation: Activation) -> tuple[str, dict[str, Any]] | None:
        """(class, config) of this vocabulary's layer that computes an activation; None if it has none."""
        for class_name, declared in self.document.activation_layers.items():
            keys = {name: key for key, name in declared.parameters.items()}
            if declared.function == activation.function and activation.parameters.keys() <= keys.keys():
                known = {**declared.plain, **activation.parameters}
                return class_name, {key: known[name] for name, key in keys.items() if name in known}
        return None

    def activation_name(self, activation: Activation) -> str:
        """This vocabulary's first name for an activation; PlanError if it has none."""
        if is_custom(activation.function):
            return str(self.custom.part(activation.function).__name__)
        for name, declared in self.document.activations.items():
            same = declared.function == activation.function
            if same and dict(declared.model_extra or {}) == dict(activation.parameters):
                return name
        raise PlanError(f"no name for the activation {activation}")

    def _object(self, kind: str, value: Any, key: str, fate: Fate) -> Any:
        if value is None or value == {}:
            return None
        name, config = _class_and_config(value)
        found = self._declared_object(OBJECT_KINDS[kind], name)
        if found is None or found[1].refuse is not None:
            # It acts in training alone, so its loss changes no output; but it is said.
            fate.dropped[key] = f"the {kind} {name!r} is none of Keras's own; outputs do not depend on it"
            return None if kind != "initializer" else "zeros"
        class_name, declaration = found
        kept = {
            declaration.rename.get(item, item): declaration.values.get(item, {}).get(setting, setting)
            if isinstance(setting, str)
            else setting
            for item, setting in config.items()
            if item in declaration.keep or item in declaration.rename
        }
        return {
            "module": f"keras.{OBJECT_KINDS[kind]}",
            "class_name": class_name,
            "config": {**declaration.config, **kept},
            "registered_name": None,
        }

    def _declared_object(self, kind: str, name: str) -> tuple[str, ObjectDeclaration] | None:
        table = self.document.objects.get(kind, {})
        for own, declaration in table.items():
            if name == own or name in declaration.aliases:
                return declaration.class_ or own, declaration
        return None

    @cached_property
    def layouts(self) -> dict[str, Layout]:
        """The declared layouts by name."""
        return {
            name: resolved(name, self.document.layouts).layout()
            for name, declared in self.document.layouts.items()
            if not declared.layer
        }

    def cell(self, layer: Layer) -> tuple[Layout, dict[str, int]] | None:
        """(layout, sizes from its config) of a recurrent layer or cell; None for other layers."""
        declared = self.document.cells.get(layer.kind)
        if declared is None:
            return None
        sizes = {
            symbol: value
            for symbol, key in declared.sizes.items()
            if isinstance(value := layer.config.get(key), int)
        }
        if layer.storage is not None:
            return self._stored(layer.storage), sizes
        name = next(
            (layout for condition, layout in declared.when.items() if holds(condition, layer.config)),
            declared.layout,
        )
        return self.layouts[name], sizes

    def letters(self, layer: Layer) -> Mapping[str, str]:
        """What stands for a gate in the names of the layer's arrays, if not its own letter."""
        return {} if layer.storage is None else self.forks[layer.storage.layout].letters

    def _stored(self, storage: Storage) -> Layout:
        """The layout that a mapping file declares, with the arrays that are there."""
        layout = self.forks[storage.layout].layout()
        tensors = {role: layout.tensors[role] for role in storage.arrays}
        return replace(layout, tensors=tensors)


def holds(condition: str, config: Mapping[str, Any]) -> bool:
    """ "use_bias": the config value is truthy; "implementation=3": it equals the word; "a&b": both hold."""
    return all(_holds(part, config) for part in condition.split("&"))


def _holds(condition: str, config: Mapping[str, Any]) -> bool:
    key, equals, wanted = condition.partition("=")
    value = config.get(key, True if key in ON_UNLESS_SAID else None)
    return str(value) == wanted if equals else bool(value)


ON_UNLESS_SAID = frozenset({"use_bias", "scale", "center"})  # Keras's own defaults, in every version


def bare_name(class_name: str) -> str:
    """The class without its package: "Mine>Cell" → "Cell"."""
    return class_name.rpartition(">")[2]


def _joined(declaration: LayerDeclaration, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config with the keys that the declaration joins made one."""
    for key, parts in declaration.join.items():
        if all(part in config for part in parts):
            rest = {name: value for name, value in config.items() if name not in parts}
            config = {**rest, key: [config[part] for part in parts]}
    return config


def version_numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: "2.2.4-tf" → (2, 2, 4)."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def activation_name(value: Any) -> str:
    """The name in an activation's config: None, a string, or a serialized function."""
    if value is None:
        return "linear"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        inner = value.get("config")
        if isinstance(inner, str):
            return inner
        return str(value.get("registered_name") or value.get("class_name") or value)
    return str(value)


def _same(value: Any, plain: Any) -> bool:
    """Whether a config's number is `plain`, exactly or as float32 wrote it."""
    return bool(
        value == plain or (isinstance(plain, float) and value == _FLOAT32.unpack(_FLOAT32.pack(plain))[0])
    )


_FLOAT32 = struct.Struct("f")


def _class_and_config(value: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, Mapping) and "class_name" in value:
        config = value.get("config")
        return str(value["class_name"]), config if isinstance(config, Mapping) else {}
    if isinstance(value, Mapping):
        return "dict", value
    return str(value), {}
