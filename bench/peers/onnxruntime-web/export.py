"""Writes the shipped weights as an ONNX model: `export.py WEIGHTS.safetensors MODEL.onnx`.

Input `image`, float32 [1, 28, 28, 1] from 0 to 1; output `probabilities`, float32 [1, 10].
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file


def convolution(source, index, name, weights):
    """Keras' kernels are [height, width, channels, filters], ONNX' [filters, channels, height, width]."""
    kernel = weights[f"{name}/kernel"].astype(np.float32).transpose(3, 2, 0, 1)
    bias = weights[f"{name}/bias"].astype(np.float32)
    constants = [
        numpy_helper.from_array(np.ascontiguousarray(kernel), f"kernel{index}"),
        numpy_helper.from_array(bias, f"bias{index}"),
    ]
    nodes = [
        helper.make_node("Conv", [source, f"kernel{index}", f"bias{index}"], [f"conv{index}"], kernel_shape=[3, 3]),
        helper.make_node("Relu", [f"conv{index}"], [f"relu{index}"]),
        helper.make_node("MaxPool", [f"relu{index}"], [f"pool{index}"], kernel_shape=[2, 2], strides=[2, 2]),
    ]
    return nodes, constants


def main(source, target):
    weights = load_file(source)
    first, first_constants = convolution("planes", 1, "conv2d", weights)
    second, second_constants = convolution("pool1", 2, "conv2d_1", weights)
    constants = first_constants + second_constants + [
        numpy_helper.from_array(weights["dense/kernel"].astype(np.float32), "kernel3"),
        numpy_helper.from_array(weights["dense/bias"].astype(np.float32), "bias3"),
        numpy_helper.from_array(np.array([1, 1, 28, 28], np.int64), "as_planes"),
    ]
    nodes = [
        helper.make_node("Reshape", ["image", "as_planes"], ["planes"]),
        *first,
        *second,
        # Keras flattens [height, width, channels].
        helper.make_node("Transpose", ["pool2"], ["pixels"], perm=[0, 2, 3, 1]),
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("Gemm", ["flat", "kernel3", "bias3"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 28, 28, 1])
    probabilities = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 10])
    graph = helper.make_graph(nodes, "inkling", [image], [probabilities], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, target)


main(*sys.argv[1:])
