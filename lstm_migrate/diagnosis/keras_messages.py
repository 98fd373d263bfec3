"""Keras's messages about weights that do not fit, by cause: those of Keras 3.15, and what Keras 2 said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Message(NamedTuple):
    """A message with braces for what differs from case to case, what it means, and Keras 2's for the same."""

    text: str
    meaning: str
    older: str = ""


MESSAGES: Mapping[str, Message] = {
    "layer count": Message(
        "Layer count mismatch when loading weights from file. Model expected {wanted} layers, found "
        "{found} saved layers.",
        "the model has {wanted} layers with weights, the file {found}: Keras pairs them by order and stops",
        "You are trying to load a weight file containing {found} layers into a model with {wanted} layers",
    ),
    "weight count": Message(
        "Weight count mismatch for layer #{number} (named {layer} in the current model, {group} in the save "
        "file). Layer expects {wanted} weight(s). Received {found} saved weight(s)",
        "paired by order, {group!r} of the file has {found} arrays where {layer!r} of the model has {wanted}",
        'Layer #{number} (named "{layer}") expects {wanted} weight(s), but the saved weights have {found} '
        "element(s)",
    ),
    "shape": Message(
        "Shape mismatch in layer #{number} (named {layer})for weight …/{role}. Weight expects shape "
        "{wanted}. Received saved weight with shape {found}",
        "paired by order, the {role} in {group!r} of the file is {found}, that of {layer!r} in the model "
        "{wanted}",
        'Layer #{number} (named "{layer}"), weight … has shape {wanted}, but the saved weight has shape '
        "{found}",
    ),
    "variable count": Message(
        "A total of {objects} objects could not be loaded. … Layer '{layer}' expected {wanted} variables, "
        "but received {found} variables during loading.",
        "the file has {found} arrays under {at!r}, where Keras looks for the {wanted} of {layer!r}: such "
        "files name layers by class and number",
    ),
    "variable shape": Message(
        "A total of {objects} objects could not be loaded. … The shape of the target variable and the shape "
        "of the target value in `variable.assign(value)` must match. variable.shape={wanted}, Received: "
        "value.shape={found}.",
        "the {role} under {at!r} of the file is {found}, the model's {wanted}",
    ),
    "another format": Message(
        "A total of {objects} objects could not be loaded. … Layer '{layer}' expected {wanted} variables, "
        "but received 0 variables during loading.",
        "the name ends in .weights.h5, which Keras 3 takes for its own format, and the file is an older one: "
        "under the name {renamed} Keras reads it",
    ),
    "store named h5": Message(
        "Layer count mismatch when loading weights from file. Model expected {wanted} layers, found 0 saved "
        "layers.",
        "the file is of Keras 3's own format, for which its name must end in .weights.h5",
    ),
    "suffix": Message(
        "File format not supported: filepath={name}.",
        "Keras goes by the end of the name: .h5, .hdf5, .weights.h5 or .keras",
    ),
}
