"""Source Graph → target Graph: every layer expanded, every call rewired, every name one Keras 3 takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lstm_migrate.custom import is_custom
from lstm_migrate.errors import LstmMigrateError, PlanError, Problem
from lstm_migrate.graph import Graph, Layer, LayerPath, Ref, map_leaves
from lstm_migrate.planning.batch_normalization import translate_batch_normalization
from lstm_migrate.planning.bidirectional import APART, translate_bidirectional
from lstm_migrate.planning.bilinear_upsampling import translate_up_sampling
from lstm_migrate.planning.causal_attention import translate_causal_attention
from lstm_migrate.planning.cells import translate_cell
from lstm_migrate.planning.context import Context
from lstm_migrate.planning.cosine_merge import translate_cosine_merge
from lstm_migrate.planning.custom_layers import translate_custom
from lstm_migrate.planning.deconvolution import translate_deconvolution
from lstm_migrate.planning.expansion import Expansion, Names, as_one, labelled, placed
from lstm_migrate.planning.highway import translate_highway
from lstm_migrate.planning.locally_connected import translate_locally_connected
from lstm_migrate.planning.masks import MaskReading
from lstm_migrate.planning.maxout import translate_maxout
from lstm_migrate.planning.merged_steps import translate_merged_steps
from lstm_migrate.planning.parametric_softplus import translate_parametric_softplus
from lstm_migrate.planning.plain import translate_plain
from lstm_migrate.planning.plan import Assignment
from lstm_migrate.planning.prelu import translate_prelu
from lstm_migrate.planning.rewiring import Rewiring
from lstm_migrate.planning.s_relu import translate_s_relu
from lstm_migrate.planning.sample_normalization import translate_sample_normalization
from lstm_migrate.planning.stacked_states import with_ordered_states
from lstm_migrate.planning.theano_convolutions import KINDS, TRANSPOSED, translate_convolution
from lstm_migrate.planning.thresholded_linear import translate_thresholded_linear
from lstm_migrate.planning.thresholded_relu import translate_thresholded_relu
from lstm_migrate.planning.time_major import batch_first, is_time_major, translate_time_major
from lstm_migrate.planning.training_calls import training_notes
from lstm_migrate.planning.unmasked import translate_unmasked
from lstm_migrate.report import Note

Translation = Callable[[Layer, LayerPath, Context], Expansion]

# Kinds that Keras 3 has not, or that need more than their arrays carried over.
REBUILT: dict[str, Translation] = {
    "AdditiveAttention": translate_causal_attention,
    "Attention": translate_causal_attention,
    "BatchNormalization": translate_batch_normalization,
    "CosineMerge": translate_cosine_merge,
    "Deconvolution2D": translate_deconvolution,
    "Highway": translate_highway,
    "LocallyConnected1D": translate_locally_connected,
    "LocallyConnected2D": translate_locally_connected,
    "PReLU": translate_prelu,
    "MaxoutDense": translate_maxout,
    "ParametricSoftplus": translate_parametric_softplus,
    "SReLU": translate_s_relu,
    "SampleNormalization": translate_sample_normalization,
    "ThresholdedLinear": translate_thresholded_linear,
    "ThresholdedReLU": translate_thresholded_relu,
    "Unmasked": translate_unmasked,
    "TimeDistributedMerge": translate_merged_steps,
    "UpSampling2D": translate_up_sampling,
    **dict.fromkeys((*KINDS, *TRANSPOSED), translate_convolution),
}


@dataclass
class Translator:
    """Translates one model and gathers what its parts bring: assignments, notes, problems."""

    context: Context
    assignments: list[Assignment] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    moved: dict[LayerPath, LayerPath] = field(default_factory=dict)

    def graph(self, source: Graph) -> Graph:
        """The target Graph; PlanError with every meaning that cannot be carried over."""
        graph, assignments = self._model(source, (), ())
        self.assignments += assignments
        if self.problems:
            raise PlanError(self.problems)
        return graph

    def _model(
        self, source: Graph, path: LayerPath, place: LayerPath
    ) -> tuple[Graph, tuple[Assignment, ...]]:
        """A model at `path` in the source and `place` in the target; assignments below `place`."""
        names = Names()
        self.notes += training_notes(source, path)
        masks = MaskReading(source, self.context.semantics).read()
        layers: dict[str, Layer] = {}
        expansions: dict[str, Expansion] = {}
        found: list[Assignment] = []
        # Names that Keras 3 takes come first: none of them gives way to a mended one.
        legal_first = sorted(source.layers, key=lambda name: names.mend(name) != name)
        # What a user names a layer goes before all.
        legal_first.sort(key=lambda name: (*path, name) not in self.context.renamed)
        renamed = {name: self._name(names, name, (*path, name)) for name in legal_first}
        for name, layer in source.layers.items():
            layer = replace(layer, name=renamed[name])
            if layer.kind == "InputLayer":
                layers[layer.name] = layer
                continue
            if masks.explicit and name in masks.apart:
                layer = replace(layer, config={**layer.config, APART: True})
            expansion = self._unique(
                self._layer(layer, (*path, name), (*place, layer.name)), layer.name, names
            )
            expansions[name] = expansion
            found += expansion.assignments
            layers |= {item.name: item for item in expansion.layers}
            self.moved[*path, name] = (*place, expansion.layers[-1].name) if expansion.layers else place
        wiring = Rewiring(source, expansions, renamed, masks, names.unique)
        calls, refs = wiring.calls(), wiring.ref
        layers |= wiring.writer.layers
        if wiring.writer.layers:
            self.notes.append(
                Note(
                    "rebuilt",
                    "/".join(path) or source.name,
                    "masks are written out: Keras 3 joins them otherwise",
                )
            )
        plain = not masks.explicit and all(item.wiring is None for item in expansions.values())
        chain = source.sequential and plain
        graph = Graph(
            names.mend(source.name),
            layers,
            tuple(calls),
            tuple(renamed[name] for name in source.inputs),
            map_leaves(source.outputs, lambda leaf: refs(leaf) if isinstance(leaf, Ref) else leaf),
            chain,
            source.input_keys,
            source.trainable,
        )
        return graph, tuple(found)

    def _name(self, names: Names, name: str, path: LayerPath) -> str:
        wanted = self.context.renamed.get(path, name)
        found = names.unique(wanted)
        if found != wanted and wanted != name:
            self.problems.append(
                Problem(
                    "no name for a layer of the new model",
                    "/".join(path),
                    found=wanted,
                    expected="one that no other layer has, and that Keras 3 takes",
                )
            )
        elif wanted != name:
            said = f"{name!r} → {found!r}: as the mapping file says"
            self.notes.append(Note("renamed", "/".join(path), said))
        elif found != name:
            self.notes.append(
                Note("renamed", "/".join(path), f"{name!r} → {found!r}: Keras 3 forbids the old name")
            )
        return found

    def _unique(self, expansion: Expansion, own: str, names: Names) -> Expansion:
        """The expansion with the names of its further layers made unique in the model."""
        renamed = {layer.name: names.unique(layer.name) for layer in expansion.layers if layer.name != own}
        if all(old == new for old, new in renamed.items()):
            return expansion
        raise PlanError(
            "the names of rebuilt layers are taken",
            found=", ".join(renamed),
            hint="Rename the layers of these names in the source model.",
        )

    def _layer(self, layer: Layer, path: LayerPath, here: LayerPath) -> Expansion:
        """The layer at `path` in the source, to stand at `here` in the target."""
        try:
            expansion = self._translated(layer, path, here)
        except LstmMigrateError as error:
            self.problems += error.problems
            return Expansion((layer,))
        if layer.storage is not None:
            # How the file had it is nothing to the new layers.
            made = tuple(replace(item, storage=None) for item in expansion.layers)
            expansion = replace(expansion, layers=made)
        self.notes += expansion.notes
        self.notes += [note for item in expansion.layers for note in self._registered(item, path)]
        return expansion

    def _registered(self, layer: Layer, path: LayerPath) -> list[Note]:
        """What to say of a layer that Keras itself lacks."""
        declared = self.context.target.document.classes.get(layer.kind)
        if declared is None or not declared.module:
            return []
        need = f"import {declared.module} before keras.models.load_model opens the file"
        return [Note("converted", "/".join(path), f"Keras 3 has no {layer.kind}: {need}")]

    def _translated(self, layer: Layer, path: LayerPath, here: LayerPath) -> Expansion:
        if layer.graph is not None:
            graph, assignments = self._model(layer.graph, path, here)
            return Expansion((replace(layer, graph=graph),), placed(assignments, (layer.name,)))
        if is_time_major(layer):
            return translate_time_major(
                layer, path, self.context, lambda inner: self._translated(inner, path, here)
            )
        layer = batch_first(layer)
        if layer.kind == "Bidirectional":
            return translate_bidirectional(layer, path, self._child, here, self.context)
        if layer.children:
            return self._wrapper(layer, path, here)
        if layer.kind in self.context.source.document.cells:
            return translate_cell(layer, path, self.context)
        if is_custom(layer.kind):
            return translate_custom(layer, path, self.context)
        return REBUILT.get(layer.kind, translate_plain)(layer, path, self.context)

    def _wrapper(self, layer: Layer, path: LayerPath, here: LayerPath) -> Expansion:
        own = translate_plain(replace(layer, children={}), path, self.context)
        children = {}
        assignments = own.assignments
        for label, child in layer.children.items():
            expansion = self._child(child, (*path, label), (*here, label))
            children[label] = expansion.layers[0]
            assignments += labelled(expansion, (layer.name,), label)
        made = Expansion((replace(own.layers[0], children=children),), assignments)
        return with_ordered_states(made, layer)

    def _child(self, child: Layer, path: LayerPath, place: LayerPath) -> Expansion:
        """A wrapped layer as one layer, known by the label that `path` and `place` end with."""
        self.moved[path] = place
        expansion = self._layer(child, path, place)
        return as_one(expansion)
