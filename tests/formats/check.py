"""Reads what Inkling saved with the programs that it is meant for, and compares what they compute.

`cargo xtask test --formats` runs it: CONTRIBUTING.md says what that takes. Arguments: the folder with the four MNIST
files, a folder to work in, then folders that each hold one network in all four formats.

Of each network: safetensors, onnx.checker, Netron's reader, onnxruntime, Keras and PyTorch read it, and all of them that
compute agree with the prediction in the scripts and, on random images, with each other to 1e-5. Of the first network the
scripts are also run as they are: they evaluate it on MNIST and train it on with the optimizer's state, Keras also on two
simulated devices.
"""

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import netron
import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import safe_open

MOST = 1e-5
SCRIPTS = {"Keras": "inkling_keras.py", "PyTorch": "inkling_pytorch.py"}


def assigned(source, name):
    """The list that a script assigns to a name."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name:
            return np.array(ast.literal_eval(statement.value), "float32")
    raise ValueError(f"no {name}")


def compare(what, found, expected):
    difference = float(np.abs(found - expected).max())
    print(f"    {what}: differs by at most {difference:.1e}")
    assert difference <= MOST, what


def check(folder):
    print(f"  {folder.name}")
    file = folder / "inkling-network.safetensors"
    with safe_open(file, "numpy") as weights:
        metadata = weights.metadata()
        assert metadata["architecture"], metadata
        count = sum(weights.get_tensor(name).size for name in weights.keys())
    print(f"    safetensors: {count} parameters, {metadata}")

    path = str(folder / "inkling-network.onnx")
    onnx.checker.check_model(path, full_check=True)
    said = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert said == metadata, said
    open_with_netron(folder)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["image"]
    assert session.get_inputs()[0].shape == ["N", 28, 28, 1]
    assert [o.name for o in session.get_outputs()] == ["probabilities"]

    source = (folder / SCRIPTS["Keras"]).read_text()
    image, expected = assigned(source, "image"), assigned(source, "expected")
    run = lambda images: session.run(None, {"image": images})[0]
    compare("onnxruntime and Inkling", run(image.reshape(1, 28, 28, 1))[0], expected)
    random = np.random.default_rng(1).random((32, 28, 28, 1), "float32")
    by_onnx = run(random)
    for library, script in SCRIPTS.items():
        # Up to the prediction, which the script compares itself; the rest needs MNIST.
        source = (folder / script).read_text().split('if "--check"')[0]
        names = {}
        sys.argv = [script, str(file)]
        exec(compile(source, script, "exec"), names)
        model = names["model"]
        if library == "Keras":
            found = np.asarray(model(random, training=False))
        else:
            with torch.no_grad():
                found = model(torch.tensor(random)).softmax(1).numpy()
        compare(f"{library} and onnxruntime", found, by_onnx)


def open_with_netron(folder):
    files = [folder / "inkling-network.onnx", folder / "inkling-network.safetensors"]
    reader = Path(__file__).parent / "netron.mjs"
    command = ["node", "--no-warnings", reader, Path(netron.__file__).parent, *files]
    said = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    model, tensors = map(json.loads, said.splitlines())
    assert model["format"].startswith("ONNX"), model
    assert (model["inputs"], model["outputs"]) == (["image"], ["probabilities"]), model
    assert "Softmax" in model["nodes"], model
    assert tensors["format"] == "Safetensors" and tensors["nodes"], tensors
    print(f"    Netron: {model['format']}, {len(model['nodes'])} nodes, and the safetensors file")


def idx(path, header):
    return np.fromfile(path, np.uint8, offset=header)


def lay_out(mnist, work):
    """MNIST where Keras and torchvision look for it, so that they download nothing."""
    sets = {}
    raw = work / "mnist" / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, of in [("train", "train"), ("test", "t10k")]:
        images, labels = f"{of}-images-idx3-ubyte", f"{of}-labels-idx1-ubyte"
        sets[f"x_{name}"] = idx(mnist / images, 16).reshape(-1, 28, 28)
        sets[f"y_{name}"] = idx(mnist / labels, 8)
        for file in [images, labels]:
            (raw / file).write_bytes((mnist / file).read_bytes())
    np.savez(work / "mnist.npz", **sets)


# Runs a script with MNIST from a file, because Keras would download it. Arguments: the file, the script, the script's own.
WITH_MNIST = """
import runpy, sys
import keras, numpy
sets = numpy.load(sys.argv[1])
load_data = lambda: ((sets["x_train"], sets["y_train"]), (sets["x_test"], sets["y_test"]))
keras.datasets.mnist.load_data = load_data
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_as_they_are(folder, mnist, work):
    lay_out(mnist, work)
    two = {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        # XLA's threads: two devices that wait for each other must not fill them all.
        "NPROC": "8",
    }
    for library, changes in [("Keras", {}), ("Keras", two), ("PyTorch", {})]:
        print(f"  {library} evaluates and trains {folder.name}{' on two devices' if changes else ''}")
        before = ["-c", WITH_MNIST, work / "mnist.npz"] if library == "Keras" else []
        script = [folder / SCRIPTS[library], folder / "inkling-network.safetensors", "--train"]
        command = [sys.executable, *before, *script]
        env = {**os.environ, **changes}
        said = subprocess.run(command, cwd=work, env=env, check=True, text=True, stdout=subprocess.PIPE)
        print("".join(f"    {line}\n" for line in said.stdout.splitlines() if "\b" not in line))
        assert "with the optimizer's state" in said.stdout
        trained = work / "inkling-network-trained.safetensors"
        trained.rename(work / f"{library.lower()}-{len(changes)}.safetensors")


if __name__ == "__main__":
    start = time.time()
    mnist, work, *folders = (Path(word).resolve() for word in sys.argv[1:])
    for folder in folders:
        check(folder)
    run_as_they_are(folders[0], mnist, work)
    print(f"  {len(folders)} networks in {time.time() - start:.0f} s")
