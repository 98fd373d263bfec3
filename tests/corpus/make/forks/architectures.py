"""Writes architecture_keras3.json into every folder of ../../forks: the stock Keras 3 model to become.

    python architectures.py

Python 3.11, keras==3.15.1, tensorflow==2.21.0. The models are built and never computed:
what they are to hold is the fork's weights.
"""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
from folder import path
from keras import layers

X, U, OUTPUTS, WORDS = 4, 5, 2, 12
LSTM, GRU, RNN, Both = layers.LSTM, layers.GRU, layers.SimpleRNN, layers.Bidirectional


def model(*stack, words=False):
    """Input → `stack` → Dense, in the functional API."""
    inputs = keras.Input((None,), dtype="int32") if words else keras.Input((None, X))
    x = inputs
    for layer in (*stack, layers.Dense(OUTPUTS, name="head")):
        x = layer(x)
    return keras.Model(inputs, x, name="model")


def lstm():
    return model(LSTM(U, name="lstm"))


def gru(reset_after):
    return model(GRU(U, reset_after=reset_after, name="gru"))


def rnn(activation):
    return model(RNN(U, activation=activation, name="rnn"))


def lstm_stack(lower, upper):
    return model(LSTM(lower, return_sequences=True, name="lstm_1"), LSTM(upper, name="lstm_2"))


def gru_stack(lower, upper, **options):
    return model(
        GRU(lower, return_sequences=True, name="gru_1", **options), GRU(upper, name="gru_2", **options)
    )


def both_ways(name, return_sequences):
    return Both(LSTM(U, return_sequences=return_sequences, name="lstm"), name=name)


def embedding():
    table = layers.Embedding(WORDS, X, name="embedding")
    return model(table, Both(GRU(U, reset_after=True, name="gru"), name="both"), words=True)


MODELS = {
    "torch_oigf": lambda: lstm_stack(U, U),
    "tf1_forget25": lambda: lstm_stack(5, 3),
    # Keras 3's hard_sigmoid, which is not the fork's: a conversion has to make up for it.
    "keras1_fused_gru": lambda: gru_stack(5, 3, reset_after=False, recurrent_activation="hard_sigmoid"),
    "torch_lstm": lambda: model(both_ways("both_1", True), both_ways("both_2", True)),
    "torch_gru": lambda: gru_stack(U, U, reset_after=True),
    "torch_rnn": lambda: rnn("tanh"),
    "torch_rnn_relu": lambda: rnn("relu"),
    "torch_lstm_cell": lstm,
    "torch_embedding": embedding,
    "tf1_lstm": lstm,
    "tf1_gru": lambda: gru(False),
    "tf1_rnn": lambda: rnn("tanh"),
    "tf1_bidirectional": lambda: model(both_ways("both", True)),
    "numpy_coupled_input": lstm,
    "numpy_coupled_forget": lstm,
    "numpy_gates_apart": lstm,
    "numpy_recurrent_first": lstm,
    "numpy_interleaved": lstm,
    "numpy_gru_one_bias": lambda: gru(True),
    "numpy_gru_inverted": lambda: gru(True),
    "numpy_no_bias": lstm,
    "numpy_gru_in_parts": lambda: gru(False),
    "numpy_directions": lambda: model(both_ways("both", False)),
    "numpy_relu_two_biases": lambda: rnn("relu"),
}


def main():
    for name, build in MODELS.items():
        keras.backend.clear_session()
        with open(path(name, "architecture_keras3.json"), "w", encoding="utf-8") as file:
            file.write(json.dumps(json.loads(build().to_json()), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
