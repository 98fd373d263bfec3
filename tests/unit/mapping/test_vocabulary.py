"""A source's words looked up: config keys, defaults of a version, activations, objects, semantics."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_migrate.errors import PlanError
from lstm_migrate.graph import Activation, Layer
from lstm_migrate.mapping.catalogue import document
from lstm_migrate.mapping.conversions import MAX_SIZE
from lstm_migrate.mapping.document import Document
from lstm_migrate.mapping.vocabulary import Fate, Vocabulary, activation_name, version_numbers

OLD = Activation("hard_sigmoid", {"slope": 0.2, "offset": 0.5})


def words(version: tuple[int, ...] = (2, 2, 4), **body: Any) -> Vocabulary:
    """A made-up source."""
    return Vocabulary(Document.model_validate({"version": 1, "name": "made_up", **body}), version)


def fate(declaration: dict[str, Any], config: dict[str, Any], **body: Any) -> Fate:
    return words(classes={"Thing": declaration}, **body).fate("Thing", config, "model/thing")


def test_a_kept_key_keeps_its_name_and_value() -> None:
    found = fate({"keep": ["rate", "@more"]}, {"rate": 0.5, "seed": 3}, groups={"more": ["seed"]})
    assert (found.config, found.dropped, found.problems) == ({"rate": 0.5, "seed": 3}, {}, ())


def test_a_renamed_key_bears_the_new_name() -> None:
    assert fate({"rename": {"alpha": "negative_slope"}}, {"alpha": 0.1}).config == {"negative_slope": 0.1}


def test_a_dropped_key_carries_its_reason() -> None:
    found = fate({"drop": {"implementation": "how, not what"}}, {"implementation": 2})
    assert (found.config, found.dropped, found.problems) == ({}, {"implementation": "how, not what"}, ())


def test_what_is_common_to_all_layers_holds_for_each() -> None:
    common = {"keep": ["activity_regularizer"], "drop": {"dynamic": "ran eagerly"}}
    found = fate({}, {"dynamic": True, "activity_regularizer": None}, common=common)
    assert found.dropped == {"dynamic": "ran eagerly"}
    assert found.config == {"activity_regularizer": None}


def test_an_unknown_key_is_a_problem_and_never_dropped_without_a_word() -> None:
    found = fate({"keep": ["units"]}, {"unist": 4, "untis": [1] * 100})
    assert [problem.what for problem in found.problems] == [
        "unknown config key 'unist'",
        "unknown config key 'untis'",
    ]
    assert found.problems[0].where == "model/thing: Thing"
    assert found.problems[0].found == "unist=4"
    assert len(found.problems[1].found) < 100
    assert found.config == {}


def test_what_names_the_layer_is_nobodys_key() -> None:
    found = fate({}, {"name": "a", "trainable": True, "dtype": "float32", "batch_input_shape": [None, 3]})
    assert (found.config, found.problems) == ({}, ())


@pytest.mark.parametrize(("value", "fine"), [(False, True), (None, True), (True, False), ("", False)])
def test_a_key_with_one_meaning_left_is_refused_with_any_other(value: Any, fine: bool) -> None:
    only = {"sparse": {"value": [False, None], "otherwise": "feed dense arrays"}}
    found = fate({"only": only}, {"sparse": value})
    assert found.config == {}
    if fine:
        assert found.problems == ()
    else:
        (problem,) = found.problems
        assert problem.what == "feed dense arrays"
        assert problem.expected == "sparse=false or null"


def test_a_default_is_written_out_only_where_the_key_is_absent() -> None:
    declaration = {"keep": ["data_format"], "defaults": {"data_format": "channels_last"}}
    assert fate(declaration, {}).config == {"data_format": "channels_last"}
    assert fate(declaration, {"data_format": "channels_first"}).config == {"data_format": "channels_first"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.0.2", "a"),
        ("2.2.5", "a"),
        ("2.3.0", "b"),
        ("2.3.0-tf", "b"),
        ("2.10.1", "b"),
        ("3.0", "c"),
        ("", "a"),
    ],
)
def test_a_default_holds_until_its_version(version: str, expected: str) -> None:
    choices = [{"value": "a", "until": "2.3.0"}, {"value": "b", "until": "3"}, {"value": "c"}]
    vocabulary = words(version_numbers(version), classes={"Thing": {"defaults": {"way": choices}}})
    assert vocabulary.fate("Thing", {}, "").config == {"way": expected}


@pytest.mark.parametrize(
    ("text", "numbers"), [("2.2.4-tf", (2, 2, 4)), ("2.15", (2, 15)), ("x1", ()), ("", ())]
)
def test_a_version_is_its_leading_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert version_numbers(text) == numbers


# --- values


@pytest.mark.parametrize(
    ("conversion", "value", "expected"),
    [
        ("single", [-1], -1),
        ("single", -1, -1),
        ("number", 0.3, 0.3),
        ("number", [2], 2),
        ("number", {"type": "ndarray", "value": 0.3}, 0.3),
        ("number", {"class_name": "__numpy__", "config": {"value": [0.5]}}, 0.5),
    ],
)
def test_a_conversion_gives_the_plain_value(conversion: str, value: Any, expected: Any) -> None:
    found = fate({"keep": ["axis"], "convert": {"axis": conversion}}, {"axis": value})
    assert (found.config, found.problems) == ({"axis": expected}, ())


@pytest.mark.parametrize(
    ("conversion", "value"),
    [("single", [1, 2]), ("single", []), ("number", "a"), ("number", True), ("number", None), ("number", {}),
     ("number", {"value": {"value": "x"}})],
)  # fmt: skip
def test_a_value_that_cannot_be_converted_is_a_problem_at_its_key(conversion: str, value: Any) -> None:
    found = fate({"keep": ["axis"], "convert": {"axis": conversion}}, {"axis": value})
    (problem,) = found.problems
    assert problem.where == "model/thing: axis"
    assert problem.found


GOOD = {
    "size": [(1, 1), (16.0, 16), (MAX_SIZE, MAX_SIZE)],
    "sizes": [(3, 3), ([2, 3], [2, 3]), ([2.0], [2])],
    "integers": [(-1, -1), ([1, 2], [1, 2]), (None, None), ([], [])],
    "flag": [(True, True), (0, False), (1, True), (None, False)],
}
BAD: dict[str, list[Any]] = {
    "size": [0, -4, 1.5, "8", None, True, [4], {}, MAX_SIZE + 1, float("nan"), float("inf"), 1e300],
    "sizes": [[], [0], [2, -1], ["2"], None, [[2]], {"a": 1}],
    "integers": ["1", 1.0, [1.5], [None], True, {}],
    "flag": ["true", 2, -1, [], {}, 1.0, "None"],
}


@pytest.mark.parametrize(
    ("kind", "value", "expected"), [(k, *pair) for k, pairs in GOOD.items() for pair in pairs]
)
def test_a_value_of_its_type_is_taken(kind: str, value: Any, expected: Any) -> None:
    found = fate({"keep": ["it"]}, {"it": value}, value_types={"it": kind})
    assert found.problems == ()
    assert found.config == {"it": expected}
    assert type(found.config["it"]) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in BAD.items() for value in values]
)
def test_a_value_of_another_type_is_a_problem_that_says_what_was_expected(kind: str, value: Any) -> None:
    found = fate({"keep": ["it"]}, {"it": value}, value_types={"it": kind})
    (problem,) = found.problems
    assert problem.where == "model/thing: it"
    assert problem.found
    assert problem.expected


def test_a_word_must_be_one_of_those_listed() -> None:
    types = {"merge_mode": ["sum", None]}
    assert fate({"keep": ["merge_mode"]}, {"merge_mode": None}, value_types=types).problems == ()
    (problem,) = fate({"keep": ["merge_mode"]}, {"merge_mode": ["sum"]}, value_types=types).problems
    assert problem.expected == 'one of "sum", null'


# --- activations


def test_a_name_is_a_function_with_its_parameters() -> None:
    old, new = Vocabulary(document("keras2")), Vocabulary(document("keras3"))
    assert old.activation("hard_sigmoid") == OLD
    assert new.activation("hard_sigmoid").parameters["slope"] == 1 / 6
    assert old.activation(None) == Activation("linear")
    assert old.activation("tanh") == new.activation("tanh")


@pytest.mark.parametrize("name", ["keras2", "tfkeras", "keras3"])
def test_every_declared_activation_has_a_name_again(name: str) -> None:
    vocabulary = Vocabulary(document(name))
    for word in document(name).activations:
        meaning = vocabulary.activation(word)
        assert vocabulary.activation(vocabulary.activation_name(meaning)) == meaning


def test_a_function_that_has_no_name_is_refused() -> None:
    with pytest.raises(PlanError, match="hard_sigmoid"):
        Vocabulary(document("keras3")).activation_name(OLD)


@pytest.mark.parametrize(
    "value", ["swishy", "<lambda>", {"class_name": "function", "config": "mine"}, 3, [], {}]
)
def test_an_unknown_activation_is_refused_with_the_known_ones(value: Any) -> None:
    with pytest.raises(PlanError, match="unknown activation") as caught:
        Vocabulary(document("keras2")).activation(value)
    assert "hard_sigmoid" in caught.value.problems[0].expected


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "linear"),
        ("relu", "relu"),
        ({"class_name": "function", "config": "relu", "registered_name": "function"}, "relu"),
        ({"class_name": "swish", "config": {}}, "swish"),
        ({"class_name": "A", "config": {}, "registered_name": "Pkg>A"}, "Pkg>A"),
    ],
)
def test_the_name_of_a_serialized_activation(value: Any, name: str) -> None:
    assert activation_name(value) == name


# --- initializers, regularizers, constraints


def described(kind: str, value: Any, **table: Any) -> Fate:
    key = f"kernel_{kind}"
    return fate({"keep": [key]}, {key: value}, value_types={f"*_{kind}": kind}, objects={f"{kind}s": table})


def test_an_object_is_written_in_keras_3s_way() -> None:
    table = {"L1L2": {"aliases": ["l1_l2"], "keep": ["l1"], "rename": {"L2": "l2"}}}
    found = described(
        "regularizer", {"class_name": "l1_l2", "config": {"l1": 0.1, "L2": 0.2, "x": 1}}, **table
    )
    assert found.config["kernel_regularizer"] == {
        "module": "keras.regularizers",
        "class_name": "L1L2",
        "config": {"l1": 0.1, "l2": 0.2},
        "registered_name": None,
    }


def test_an_object_may_change_class_and_values() -> None:
    table = {
        "Old": {
            "class": "New",
            "keep": ["how"],
            "values": {"how": {"normal": "truncated_normal"}},
            "config": {"extra": 1},
        }
    }
    found = described("initializer", {"class_name": "Old", "config": {"how": "normal"}}, **table)
    assert found.config["kernel_initializer"]["class_name"] == "New"
    assert found.config["kernel_initializer"]["config"] == {"extra": 1, "how": "truncated_normal"}


@pytest.mark.parametrize(
    ("kind", "instead"), [("initializer", "zeros"), ("regularizer", None), ("constraint", None)]
)
def test_an_object_of_the_users_own_is_left_out_and_said(kind: str, instead: Any) -> None:
    found = described(kind, {"class_name": "Mine", "config": {}})
    assert found.problems == ()
    assert found.config == {f"kernel_{kind}": instead}
    assert "'Mine'" in found.dropped[f"kernel_{kind}"]


@pytest.mark.parametrize("value", [None, {}])
def test_no_object_is_none(value: Any) -> None:
    assert described("regularizer", value).config == {"kernel_regularizer": None}


def test_an_object_may_be_given_by_its_name_alone() -> None:
    found = described("initializer", "zeros", Zeros={"aliases": ["zeros"]})
    assert found.config["kernel_initializer"]["class_name"] == "Zeros"


# --- semantics


def test_semantics_hold_until_their_version() -> None:
    body = {"semantics": {"a": [{"value": 1, "until": "2.2.5"}, {"value": 2}], "b": 3}}
    assert words((2, 2, 4), **body).semantics() == [{"a": 1, "b": 3}]
    assert words((2, 2, 5), **body).semantics() == [{"a": 2, "b": 3}]


def test_a_backend_overrides_what_the_others_do() -> None:
    vocabulary = words(semantics={"a": 1}, backends={"theano": {"semantics": {"a": 2, "c": 4}}})
    assert vocabulary.semantics("theano") == [{"a": 2, "c": 4}]
    assert vocabulary.semantics("cntk") == vocabulary.semantics() == [{"a": 1}]


def test_alternatives_are_further_semantics_of_an_early_file() -> None:
    body = {"semantics": {"a": 1, "b": 1}, "alternatives": [{"until": "2.3.0", "semantics": {"a": 2}}]}
    assert words((2, 2, 4), **body).semantics() == [{"a": 1, "b": 1}, {"a": 2, "b": 1}]
    assert words((2, 3, 0), **body).semantics() == [{"a": 1, "b": 1}]


def test_a_clue_in_the_config_settles_an_alternative() -> None:
    other = {
        "until": "2.3.0",
        "semantics": {"a": 2},
        "told_by": {"class": "Bidirectional", "key": "zero"},
        "ruled_out_by": {"class": "InputLayer", "key": "ragged"},
    }
    vocabulary = words((2, 2, 4), semantics={"a": 1}, alternatives=[other])
    told = {"classes": [{"class_name": "Bidirectional", "config": {"layer": {"config": {"zero": False}}}}]}
    ruled_out = {"classes": [{"class_name": "InputLayer", "config": {"ragged": False}}]}
    elsewhere = {"classes": [{"class_name": "LSTM", "config": {"zero": False, "ragged": True}}]}
    assert vocabulary.semantics("", told) == [{"a": 2}]
    assert vocabulary.semantics("", ruled_out) == [{"a": 1}]
    assert vocabulary.semantics("", elsewhere) == [{"a": 1}, {"a": 2}]


def test_the_files_of_tf_keras_up_to_2_1_leave_their_writer_open() -> None:
    found = document("tfkeras")
    assert len(Vocabulary(found, (2, 2, 4)).semantics("tensorflow", {})) == 2
    assert len(Vocabulary(found, (2, 3, 0)).semantics("tensorflow", {})) == 1


# --- layers and cells


def test_a_class_is_known_by_its_aliases_and_its_kind() -> None:
    vocabulary = words(classes={"Thing": {"kind": "Other", "aliases": ["Old>Thing"]}})
    for name in ("Thing", "Old>Thing"):
        found = vocabulary.layer(name)
        assert found is not None
        assert found[0] == "Other"
    assert vocabulary.layer("Other") is None


def test_a_cell_has_its_layout_by_config_and_its_sizes() -> None:
    vocabulary = Vocabulary(document("keras2"), (2, 2, 4))
    plain = vocabulary.cell(Layer("g", "GRU", {"units": 5, "reset_after": False}))
    after = vocabulary.cell(Layer("g", "GRU", {"units": 5, "reset_after": True}))
    assert plain is not None
    assert after is not None
    assert (plain[0].name, plain[1]) == ("keras.gru", {"u": 5})
    assert after[0].name == "keras.gru_reset_after"
    assert after[0].gates == plain[0].gates
    assert vocabulary.cell(Layer("d", "Dense", {"units": 5})) is None


@pytest.mark.parametrize(
    ("class_name", "version", "key", "expected"),
    [
        ("LSTM", "2.2.4", "recurrent_activation", OLD),
        ("LSTM", "2.3.1", "recurrent_activation", Activation("sigmoid")),
        ("GRU", "2.1.4", "reset_after", False),
        ("ConvLSTM2D", "2.3.1", "recurrent_activation", OLD),
        ("ThresholdedReLU", "2.2.4", "theta", None),
    ],
)
def test_the_defaults_of_an_era_are_made_explicit(
    class_name: str, version: str, key: str, expected: Any
) -> None:
    found = Vocabulary(document("keras2"), version_numbers(version)).fate(class_name, {}, "m")
    assert found.config.get(key) == expected
