"""What an old Keras itself computes with its files: run by an old interpreter, Python 3.6 or later.

    python old_side.py JOBS.json      [{"source": "old.h5", "builder": null, "target": "io.npz"}, ...]

Writes input_0 (drawn with a fixed seed) and output_0 of each model to its target. The last line that it
prints is JSON: {"called": who computed, "failed": {source: why there is nothing at its target}}.
"""

import json
import sys

import numpy as np

BATCH, SEED = 16, 20180409


def framework():
    """tf.keras from TensorFlow 2 on, the package keras before; never Keras 3."""
    try:
        import tensorflow
    except ImportError:
        tensorflow = None
    if tensorflow is not None and tensorflow.__version__.startswith("2."):
        keras, called = tensorflow.keras, "tf.keras of TensorFlow " + tensorflow.__version__
    else:
        import keras

        called = "Keras %s, TensorFlow %s" % (keras.__version__, getattr(tensorflow, "__version__", "none"))
    version = str(getattr(keras, "__version__", "2"))
    if not version.startswith("2"):
        sys.exit("Keras %s is not old: give an interpreter with a TensorFlow before 2.16" % version)
    return keras, called


def average_layer(keras):
    """A layer that averages steps, weighted by a softmax over time of one learned score."""
    K = keras.backend

    class WeightedAverage(keras.layers.Layer):
        def build(self, input_shape):
            self.vector = self.add_weight(
                name="vector", shape=(int(input_shape[-1]), 1), initializer="uniform", trainable=True
            )
            super().build(input_shape)

        def call(self, inputs):
            scores = K.dot(inputs, self.vector)
            weights = K.exp(scores - K.max(scores, axis=1, keepdims=True))
            weights = weights / (K.sum(weights, axis=1, keepdims=True) + K.epsilon())
            return K.sum(weights * inputs, axis=1)

        def compute_output_shape(self, input_shape):
            return (input_shape[0], input_shape[-1])

    return WeightedAverage


def textgenrnn(keras, source):
    """The model of textgenrnn 2.0.0 with its own kind of attention; the old Keras unpacks cuDNN's arrays."""
    layers = keras.layers
    symbols = layers.Input(shape=(40,), name="input")
    embedded = layers.Embedding(465, 100, name="embedding")(symbols)
    options = {"return_sequences": True, "recurrent_activation": "sigmoid"}
    first = layers.LSTM(128, name="rnn_1", **options)(embedded)
    second = layers.LSTM(128, name="rnn_2", **options)(first)
    steps = layers.concatenate([embedded, first, second], name="rnn_concat")
    average = average_layer(keras)(name="attention")(steps)
    model = keras.models.Model(symbols, layers.Dense(465, activation="softmax", name="output")(average))
    drawn = [layer.get_weights() for layer in model.layers]
    model.load_weights(source, by_name=True)
    for layer, before in zip(model.layers, drawn):
        if any(np.array_equal(*pair) for pair in zip(before, layer.get_weights())):
            raise ValueError("the file gave no weights to layer %s" % layer.name)
    return model


BUILDERS = {"textgenrnn": textgenrnn}


def opened(keras, source, builder):
    """The model of a file."""
    if builder:
        return BUILDERS[builder](keras, source)
    try:
        # Compiled, it would want the optimizer's arguments of its own version.
        return keras.models.load_model(source, compile=False)
    except TypeError as error:
        if "'compile'" not in str(error):
            raise
        return keras.models.load_model(source)  # Keras 2.0 has no such argument yet


def recorded(model):
    """Seeded symbols, the first ones of each row padding, and what the model says to them."""
    embedding = next(layer for layer in model.layers if hasattr(layer, "input_dim"))
    steps = int(model.input_shape[1])
    random = np.random.RandomState(SEED)
    inputs = random.randint(1, int(embedding.input_dim), (BATCH, steps))
    for row in range(1, BATCH):
        inputs[row, : row * steps // BATCH] = 0
    return {"input_0": inputs.astype("int32"), "output_0": model.predict(inputs)}


def main():
    with open(sys.argv[1]) as file:
        jobs = json.load(file)
    keras, called = framework()
    failed = {}
    for job in jobs:
        keras.backend.clear_session()
        try:
            arrays = recorded(opened(keras, job["source"], job["builder"]))
        except Exception as error:
            # Keras raises any kind of exception where it cannot read its own old files.
            said = " ".join(str(error).split())
            failed[job["source"]] = "%s: %s" % (type(error).__name__, said)
        else:
            np.savez(job["target"], **arrays)
    print(json.dumps({"called": called, "failed": failed}))


if __name__ == "__main__":
    main()
