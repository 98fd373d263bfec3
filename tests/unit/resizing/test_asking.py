"""What rules ask of sizes: which axis each is about, what becomes of it, and everything that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_migrate.errors import MappingError, PlanError
from lstm_migrate.resizing.asking import Request, Requests
from lstm_migrate.restriction import NEW
from tests.unit.resizing.asked import MODELS, chain, directions, residual, stack, words


def one(found: Requests) -> Request:
    (request,) = found.requests
    assert not found.reshapes
    return request


def places(request: Request) -> tuple[int, ...]:
    return request.asked.change.places


def test_sizes_that_are_there_already_ask_for_nothing() -> None:
    said = ["lstm.units=4", "lstm.keep=first", "lstm.inputs=5", "dense.units=3", "dense.inputs=4"]
    assert chain().asked(*said) == Requests()
    assert chain().asked() == Requests()


def test_fewer_units_are_the_first_ones_unless_something_else_is_said() -> None:
    request = one(chain().asked("lstm.units=3"))
    assert (request.path, request.kind, request.asked.of) == (("lstm",), "units", "units of lstm")
    assert (places(request), request.asked.change.gone) == ((0, 1, 2), (3,))
    assert places(one(chain().asked("lstm.units=3", "lstm.keep=last"))) == (1, 2, 3)
    assert places(one(chain().asked("lstm.units=3", "lstm.keep=[3, 0, 2]"))) == (3, 0, 2)


def test_units_can_be_put_into_another_order_alone() -> None:
    assert places(one(chain().asked("lstm.units=4", "lstm.keep=[3, 2, 1, 0]"))) == (3, 2, 1, 0)


@pytest.mark.parametrize("how", ["norm", "activity"])
def test_the_values_decide_where_a_rule_wants_it(how: str) -> None:
    model = chain()
    assert places(one(model.asked("lstm.units=2", f"lstm.keep={how}", choose=(1, 3)))) == (1, 3)
    assert model.chosen == [(how, 2)]


def test_nothing_is_chosen_where_all_units_stay() -> None:
    model = chain()
    request = one(model.asked("lstm.units=5", "lstm.keep=norm"))
    assert (request.asked.change.after, model.chosen) == (5, [])


@given(units=st.integers(5, 30), seed=st.integers(0, 99))
def test_new_units_repeat_each_old_one_once_before_any_of_them_twice(units: int, seed: int) -> None:
    change = one(CHAIN.asked(f"lstm.units={units}", f"lstm.seed={seed}")).asked.change
    copied = change.places[4:]
    assert change.places[:4] == (0, 1, 2, 3)
    assert change.fresh == (False,) * 4 + (True,) * (units - 4)
    counts = [copied.count(place) for place in range(4)]
    assert max(counts) - min(counts) <= 1


CHAIN = chain()


def test_the_seed_decides_which_units_are_repeated_first() -> None:
    drawn = {places(one(CHAIN.asked("lstm.units=6", f"lstm.seed={seed}"))) for seed in range(20)}
    assert len(drawn) > 5
    again = [places(one(CHAIN.asked("lstm.units=6", "lstm.seed=3"))) for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.parametrize("fill", ["incoming", "outgoing"])
def test_other_new_units_repeat_none(fill: str) -> None:
    request = one(chain().asked("lstm.units=6", f"lstm.fill={fill}"))
    assert (places(request), request.fill) == ((0, 1, 2, 3, NEW, NEW), fill)


def test_units_that_can_never_learn_are_refused_unless_they_are_meant() -> None:
    (said,) = chain().refused("lstm.units=6", "lstm.fill=zeros", kind=PlanError)
    assert "could never learn" in said
    assert "`dead: true` allows it" in said
    request = one(chain().asked("lstm.units=6", "lstm.fill=zeros", "lstm.dead=true"))
    assert (request.fill, request.dead) == ("zeros", True)


def test_filters_and_output_dim_are_other_words_for_units() -> None:
    assert places(one(chain().asked("lstm.filters=2"))) == (0, 1)
    assert one(words().asked("embedding.output_dim=2")).asked.of == "units of embedding"


def test_a_rule_on_a_bidirectional_layer_is_about_both_directions() -> None:
    found = directions().asked("wide.units=2", "wide.compensate=true").requests
    assert [request.asked.of for request in found] == ["units of wide/forward", "units of wide/backward"]
    assert {places(request) for request in found} == {(0, 1)}
    assert all(request.compensate for request in found)


def test_one_direction_may_be_spoken_of_alone() -> None:
    request = one(directions().asked("wide/backward.units=2"))
    assert (request.path, request.asked.of) == (("wide", "backward_layer"), "units of wide/backward")


def test_directions_that_are_added_are_changed_once() -> None:
    request = one(directions().asked("added.units=5"))
    assert request.asked.change.after == 5
    assert one(directions().asked("added/forward.units=2")).asked.change.after == 2


def test_a_rule_on_stacked_cells_is_about_all_of_them() -> None:
    found = stack(3, 3).asked("rnn.units=2").requests
    assert [request.path for request in found] == [("rnn", "cell", "0"), ("rnn", "cell", "1")]
    assert one(stack(4, 3).asked("rnn/cell/0.units=2")).path == ("rnn", "cell", "0")


def test_cells_of_different_sizes_need_rules_of_their_own() -> None:
    (said,) = stack(4, 3).refused("rnn.units=2", kind=PlanError)
    assert "the parts of rnn have different numbers of units" in said
    assert "4 in rnn/cell/0, 3 in rnn/cell/1" in said


def test_layers_that_the_model_ties_are_changed_together() -> None:
    request = one(residual().asked("lstm.units=2", "side.keep=[3, 1]", "side.units=2"))
    assert places(request) == (3, 1)
    assert request.asked.of == "units of lstm and units of side"
    assert one(residual().asked("side.units=2")).asked.of == "units of side"


def test_rules_that_contradict_each_other_over_one_axis_are_both_named(tmp_path: Path) -> None:
    rules = "  lstm: {units: 2}\n  side:\n    units: 3\n"
    (said,) = residual().refused(rules=rules, folder=tmp_path, kind=PlanError)
    assert "over the units of lstm and units of side, which are the same: the model ties them" in said
    assert said.startswith("m.yaml:5:12: ")
    assert "units: 2 at m.yaml:3:17, 3 at m.yaml:5:12" in said


def test_axes_that_are_tied_in_part_cannot_both_be_changed() -> None:
    (said,) = MODELS["halves"]().refused("both.units=3", "left.units=1", kind=PlanError)
    assert "partly the same" in said
    assert "--set both.units=3" in said
    assert "--set left.units=1" in said


def test_options_and_a_mapping_file_join_on_one_layer(tmp_path: Path) -> None:
    request = one(chain().asked("lstm.units=3", rules="  lstm: {keep: last}\n", folder=tmp_path))
    assert places(request) == (1, 2, 3)
    assert request.asked.rule == f"--set lstm.units=3 and {tmp_path}/m.yaml:3:16"


def test_options_and_a_mapping_file_that_differ_are_both_named(tmp_path: Path) -> None:
    (said,) = chain().refused(
        "lstm.units=3", rules="  lstm: {units: 2}\n", folder=tmp_path, kind=MappingError
    )
    assert said.startswith("--set lstm.units=3: two rules contradict each other over `units` of lstm")
    assert "found 2 at m.yaml:3:17, 3 here" in said


def test_what_feeds_a_layer_is_the_models_own_input() -> None:
    request = one(chain().asked("lstm.inputs=3"))
    assert (request.kind, request.path, request.fill) == ("features", ("x",), "zeros")
    assert (request.asked.of, places(request)) == ("features of x", (0, 1, 2))
    assert places(one(chain().asked("x.inputs=3", "x.keep=last"))) == (2, 3, 4)
    assert places(one(chain().asked("lstm.inputs=7"))) == (0, 1, 2, 3, 4, NEW, NEW)


def test_features_can_be_dropped_added_and_put_into_another_order() -> None:
    change = one(chain().asked("lstm.features=[4, null, 0]")).asked.change
    assert (change.places, change.fresh) == ((4, NEW, 0), (False, True, False))
    assert change.gone == (1, 2, 3)


def test_how_units_are_kept_says_nothing_of_features() -> None:
    found = chain().asked("lstm.units=2", "lstm.keep=last", "lstm.inputs=3").requests
    assert {request.kind: places(request) for request in found} == {"units": (2, 3), "features": (0, 1, 2)}


def test_the_number_of_units_that_a_layer_reads_may_be_said_and_must_be_right() -> None:
    assert len(chain().asked("lstm.units=2", "dense.inputs=2").requests) == 1
    (said,) = chain().refused("lstm.units=2", "dense.inputs=3", kind=PlanError)
    assert said.startswith("--set dense.inputs=3: ")
    assert "expected inputs: 2, as --set lstm.units=2 has it" in said


def test_a_table_may_have_other_rows() -> None:
    request = one(words().asked("embedding.input_dim=8"))
    assert (request.kind, request.asked.of, request.fill) == ("rows", "rows of embedding", "mean")
    assert places(request) == (0, 1, 2, 3, 4, 5, NEW, NEW)
    assert places(one(words().asked("embedding.input_dim=2", "embedding.keep=[5, 0]"))) == (5, 0)


def test_a_vocabulary_of_another_size_changes_the_table_and_the_odds() -> None:
    said = "embedding.vocabulary={size: 7, fill: normal, seed: 3, output: odds}"
    rows, classes = words().asked(said).requests
    assert (rows.kind, rows.path, rows.fill, rows.seed) == ("rows", ("embedding",), "normal", 3)
    assert (classes.kind, classes.path, classes.bias) == ("classes", ("odds",), "-inf-like")
    assert places(rows) == places(classes) == (0, 1, 2, 3, 4, 5, NEW)


def test_the_bias_of_new_classes_is_chosen() -> None:
    request = one(words().asked("odds.vocabulary={size: 7, bias: mean}"))
    assert (request.kind, request.bias) == ("classes", "mean")
    assert one(words(bias=False).asked("odds.vocabulary={size: 7}")).bias == ""
    (said,) = words(bias=False).refused("odds.vocabulary={size: 7, bias: mean}", kind=PlanError)
    assert "odds has no bias" in said


def test_two_files_of_tokens_say_where_each_row_goes(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("a\nb\nc\nd\ne\nf\n", encoding="utf-8")
    (tmp_path / "new.txt").write_text("f\nnew\na\n", encoding="utf-8")
    rules = "  embedding: {vocabulary: {old: old.txt, new: new.txt, output: odds}}\n"
    found = words().asked(rules=rules, folder=tmp_path).requests
    assert [places(request) for request in found] == [(5, NEW, 0)] * 2
    tokens = found[0].tokens
    assert tokens is not None
    assert (tokens.lost, tokens.gained) == ({1: "b", 2: "c", 3: "d", 4: "e"}, {1: "new"})


def test_a_vocabulary_that_does_not_fit_its_embedding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("a\nb\nc\nd\ne\nf\ng\n", encoding="utf-8")
    (tmp_path / "new.txt").write_text("a\n", encoding="utf-8")
    rules = "  embedding: {vocabulary: {old: old.txt, new: new.txt}}\n"
    (said,) = words().refused(rules=rules, folder=tmp_path, kind=PlanError)
    assert "the vocabulary of old.txt does not fit its Embedding, embedding" in said
    assert "'g' as row 6, 7 tokens, expected rows from 0 to 5" in said


def test_a_vocabulary_file_that_is_wrong_by_itself_is_an_error_of_the_mapping(tmp_path: Path) -> None:
    rules = "  embedding: {vocabulary: {old: old.txt, new: new.txt}}\n"
    (said,) = words().refused(rules=rules, folder=tmp_path, kind=MappingError)
    assert said.startswith("m.yaml:3:27: the vocabulary cannot be read (found old.txt: No such file")


def test_a_stateful_model_may_take_other_batches_and_steps() -> None:
    (reshape,) = MODELS["remembering"]().asked("lstm.batch=9", "x.time=free").reshapes
    assert (reshape.path, reshape.axes) == (("x",), {0: 9, 1: None})
    assert MODELS["remembering"]().asked("x.batch=4", "x.time=7") == Requests()


# said of a model → a part of each thing that is said against it, and whether the rule is wrong by itself
WRONG: dict[tuple[str, ...], tuple[str, ...]] = {
    ("chain", "lstm.units=2", "lstm.keep=[1, 2, 3]"): (
        "does not list as many units as are to be left of lstm",
    ),
    ("chain", "lstm.units=2", "lstm.keep=[1, 2, 3, 0, 4]"): (
        "more numbers to keep than there are units of lstm",
    ),
    ("chain", "lstm.units=2", "lstm.keep=[1, 9]"): ("names units of lstm that are not there (found 9,",),
    ("chain", "lstm.units=6", "lstm.keep=[0, 1]"): ("does not list as many units",),
    ("chain", "lstm.units=2", "lstm.fill=incoming"): ("`fill` is about new units, and none are added",),
    ("chain", "lstm.units=6", "lstm.fill=mean"): ("new units cannot be filled so (found fill: mean,",),
    ("chain", "x.inputs=6", "x.fill=duplicate"): ("new features cannot be filled so",),
    ("words", "embedding.input_dim=9", "embedding.fill=duplicate"): ("new rows cannot be filled so",),
    ("chain", "lstm.input_dim=5"): ("lstm has no rows of its own (found a layer of class LSTM,",),
    ("chain", "x.units=5"): ("x has no units of its own (found a layer of class InputLayer,",),
    ("residual", "add.units=5"): ("expected a rule on one that has: lstm, side, dense",),
    ("chain", "lstm.vocabulary={size: 5}"): ("lstm has no vocabulary (found a layer of class LSTM,",),
    ("words", "odds.units=5"): ("units of odds are the classes of a softmax",),
    ("words", "embedding.vocabulary={size: 5, output: adds}"): ("no layer 'adds' (found layers ids,",),
    ("words", "embedding.vocabulary={size: 5, output: lstm}"): (
        "`output` names no Dense layer (found lstm,",
    ),
    ("words", "odds.vocabulary={size: 5, output: odds}"): ("said beside the vocabulary of an Embedding",),
    ("words", "embedding.inputs=5"): ("embedding takes tokens, no features",),
    ("words", "ids.inputs=5"): ("nothing is known of features that ids takes",),
    ("chain", "lstm.features=[0, 5]"): ("`features` names features of x that are not there (found 5,",),
    ("chain", "dense.features=[0, 1]"): ("dense reads units of other layers",),
    ("chain", "dense.inputs=3"): ("nothing that dense reads is changed",),
    ("chain", "x.batch=4"): ("the model takes batches of any size",),
    ("remembering", "x.batch=free"): ("lstm keeps its states from batch to batch",),
    ("chain", "dense.batch=4", "dense.time=4"): ("dense is not fed by an input of the model",),
    ("flat", "x.time=4"): ("input x has no axis of time (found shape (None, 5))",),
    ("remembering", "x.batch=4", "lstm.batch=5"): (
        "over the samples of x (found 4 at --set x.batch=4, 5 here",
    ),
    ("directions", "wide.units=4", "wide/forward.units=2"): (
        "contradict each other over the units of wide/forward",
    ),
    ("chain", "lstm.units=2", "lstm.keep=[1, 9]", "x.units=2"): (
        "not there (found 9,",
        "x has no units of its own",
    ),
}


@pytest.mark.parametrize("case", WRONG, ids=" ".join)
def test_what_cannot_be_is_refused_with_its_reason(case: tuple[str, ...]) -> None:
    name, *said = case
    parts = WRONG[case]
    if not parts:
        return
    told = MODELS[name]().refused(*said, kind=PlanError)
    assert len(told) == len(parts)
    for part, problem in zip(sorted(parts), sorted(told), strict=True):
        assert part in "\n".join(told), problem


def test_how_without_a_size_is_an_error_of_the_mapping() -> None:
    (said,) = chain().refused("lstm.keep=last", kind=MappingError)
    assert said == "--set lstm.keep=last: `keep` without a size that is changed (expected units: N beside it)"


def test_a_layer_that_is_not_there_is_named_with_those_that_are() -> None:
    (said,) = chain().refused("lstn.units=3", kind=MappingError)
    assert "the model has no layer 'lstn' (found layers x, lstm, dense, expected nearest: lstm" in said


def test_problems_of_several_kinds_are_told_at_once() -> None:
    told = chain().refused("lstm.keep=last", "dense.fill=mean", "x.units=3", kind=PlanError)
    assert len(told) == 3
