"""Storing: in which arrays a layer of the file lies, against those of the model, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lstm_migrate.diagnosis.finding import Cure, Finding
from lstm_migrate.diagnosis.kinds import shape_text
from lstm_migrate.diagnosis.part import Core, Held
from lstm_migrate.planning.context import STORED_BY_POLICY

# What the arrays of a layout look like to somebody who expected others.
LAYOUTS: Mapping[str, str] = {
    "keras1.lstm": "{count} arrays: Keras 1's LSTM, one for each gate",
    "keras1.gru": "{count} arrays: a Keras 1 GRU, one for each gate",
    "keras1.conv_lstm_2d": "{count} arrays: Keras 1's ConvLSTM2D, one for each gate",
    "keras1.conv_lstm_2d_th": "{count} arrays: Keras 1's ConvLSTM2D, one for each gate, filters first",
    "keras.cudnn_lstm": "bias {bias} is cuDNN's two biases (input and recurrent); the target has one "
    "{wanted}",
    "keras.cudnn_gru": "bias {bias} is cuDNN's two biases (input and recurrent) in one row; the target has "
    "{wanted}",
    **dict.fromkeys(("torch.lstm", "torch.lstm_cell"), "PyTorch's LSTM: two biases, units first"),
    **dict.fromkeys(("torch.gru", "torch.gru_cell"), "PyTorch's GRU: two biases, units first, gates r, z, n"),
    **dict.fromkeys(("torch.rnn", "torch.rnn_cell"), "PyTorch's RNN: two biases, units first"),
    "tf1.lstm": "TensorFlow 1's LSTM: one kernel for input and state, a forget bias added at run time",
    "tf1.gru": "TensorFlow 1's GRU: one kernel for input and state, the candidate apart",
    "tf1.rnn": "TensorFlow 1's RNN: one kernel for input and state",
}
RESETS_BEFORE, RESETS_AFTER = (
    frozenset({"keras.gru", "keras1.gru", "tf1.gru"}),
    frozenset({"keras.gru_reset_after", "keras.cudnn_gru", "torch.gru", "torch.gru_cell"}),
)
BITS = {"float16": 16, "bfloat16": 16, "float32": 32, "float64": 64}


def storing_findings(source: Core, target: Core) -> Iterator[Finding]:
    """Layouts, biases and dtypes in which the two differ."""
    if _resets(source) is not None and _resets(target) not in (None, _resets(source)):
        yield _other_reset(source, target)
    elif source.layout != target.layout and source.layout in LAYOUTS:
        yield _other_layout(source, target)
    yield from _bias(source, target)
    yield from _dtype(source, target)


def _resets(core: Core) -> bool | None:
    """Whether a GRU resets after the recurrent product: the bias tells, else the config."""
    if core.family != "GRU":
        return None
    if core.array("bias") is not None or core.layout in RESETS_AFTER:
        return core.layout in RESETS_AFTER if core.layout in RESETS_AFTER | RESETS_BEFORE else None
    return core.layer.config.get("reset_after")


def _other_reset(source: Core, target: Core) -> Finding:
    after = bool(_resets(source))
    bias, wanted = source.array("bias"), target.array("bias")
    told = f": bias {_shape(bias)}, target {_shape(wanted)}" if bias and wanted else ""
    why = (
        f"GRU reset_after differs{told}: the file's is {after}, and no change of weights makes it {not after}"
    )
    return Finding(
        "reset_after",
        "differs",
        why,
        way_out=f"cannot be converted: build the target with reset_after={after}",
    )


def _other_layout(source: Core, target: Core) -> Finding:
    words = LAYOUTS[source.layout].format(
        count=len(source.arrays), bias=_shape(source.array("bias")), wanted=_shape(target.array("bias"))
    )
    if target.layout == "keras.cudnn_lstm" or target.layout == "keras.cudnn_gru":
        return Finding("arrays", "fits", f"{words}, and Keras 3 has no {target.layer.kind}")
    return Finding("arrays", "differs", words, Cure({"layout": source.layout}))


def _bias(source: Core, target: Core) -> Iterator[Finding]:
    has, wants = _has_bias(source), _has_bias(target)
    if has is None or wants is None or has == wants:
        return
    if has:
        yield Finding(
            "bias",
            "differs",
            f"the checkpoint has a bias, the target's {target.layer.kind} none (use_bias=False)",
            way_out="build the target with use_bias=True",
        )
    elif source.layout:
        why = "the checkpoint has no bias, the target has one: it becomes zero"
        yield Finding("bias", "differs", why, Cure({"bias": "none"}))
    else:
        why = "the checkpoint has no bias, the target has one (use_bias=True)"
        yield Finding("bias", "differs", why, way_out="build the target with use_bias=False")


def _has_bias(core: Core) -> bool | None:
    if not core.arrays:
        return None
    roles = {held.role for held in core.arrays}
    if not any(role.startswith(("kernel", "recurrent_kernel", "depthwise")) for role in roles):
        return None
    return any("bias" in role for role in roles)


def _dtype(source: Core, target: Core) -> Iterator[Finding]:
    stored = {held.dtype for held in source.arrays if held.dtype in BITS}
    policy = STORED_BY_POLICY.get(target.layer.dtype, target.layer.dtype)
    for dtype in sorted(stored):
        if BITS[dtype] > BITS.get(policy, 64):
            lost = f"{dtype} is rounded to {policy}"
            yield Finding("dtype", "differs", f"stored as {dtype}, target {policy}", Cure({}, lost))


def _shape(held: Held | None) -> str:
    return "(none)" if held is None else shape_text(held.shape)
