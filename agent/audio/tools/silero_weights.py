#!/usr/bin/env python3
"""Makes weights/silero_v6_16k.f32 from the PyPI wheel silero-vad (MIT), and checks its hash.

    pip install onnx==1.23.2 numpy==2.4.6 && pip download --no-deps silero-vad==6.2.3 -d wheel
    tools/silero_weights.py wheel/silero_vad-6.2.3-py3-none-any.whl

The file is little-endian f32 without header or gaps, in the order of LAYOUT below, each tensor row by row as PyTorch
keeps it (out, in, tap). `src/vad/silero/weights.rs` reads the same order. The network's first layer is left out: it is
a Fourier transform under a periodic Hann window (checked below to 1e-7), which the house computes as one.
The wheel's .safetensors file is another checkpoint: its probabilities differ by up to 0.58 from those of the .onnx
files, so it is not used.
"""
import hashlib
import pathlib
import sys
import zipfile

import numpy
import onnx
from onnx import numpy_helper

LAYOUT = [
    ("encoder.0.reparam_conv.weight", (128, 129, 3)),
    ("encoder.0.reparam_conv.bias", (128,)),
    ("encoder.1.reparam_conv.weight", (64, 128, 3)),
    ("encoder.1.reparam_conv.bias", (64,)),
    ("encoder.2.reparam_conv.weight", (64, 64, 3)),
    ("encoder.2.reparam_conv.bias", (64,)),
    ("encoder.3.reparam_conv.weight", (128, 64, 3)),
    ("encoder.3.reparam_conv.bias", (128,)),
    ("decoder.rnn.weight_ih", (512, 128)),
    ("decoder.rnn.bias_ih", (512,)),
    ("decoder.rnn.weight_hh", (512, 128)),
    ("decoder.rnn.bias_hh", (512,)),
    ("decoder.decoder.2.weight", (1, 128, 1)),
    ("decoder.decoder.2.bias", (1,)),
]
BASIS = ("stft.forward_basis_buffer", (258, 1, 256))
MODEL = "silero_vad/data/silero_vad_openvino_16k.onnx"
SHA256 = "7a4b60f04442071ba4d6f97fd77cd56b2bfde0f6ee6a0d0ddc60ac0910b90142"
OUT = pathlib.Path(__file__).resolve().parent.parent / "weights" / "silero_v6_16k.f32"


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        graph = onnx.load_model_from_string(wheel.read(MODEL)).graph
    constants = {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t)
        for node in graph.node
        if node.op_type == "Constant" and node.attribute[0].name == "value"
    }
    check_basis(tensor(constants, *BASIS))
    data = numpy.concatenate([tensor(constants, *entry) for entry in LAYOUT]).astype("<f4").tobytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        sys.exit(f"these are other weights: sha256 {digest}, expected {SHA256}")
    OUT.write_bytes(data)
    print(f"{OUT}: {len(data) // 4} weights, sha256 {digest}")


def tensor(constants: dict, name: str, shape: tuple) -> numpy.ndarray:
    [found] = [value for key, value in constants.items() if key.endswith("__" + name)]
    assert found.shape == shape and found.dtype == numpy.float32, (name, found.shape, found.dtype)
    return found.ravel()


def check_basis(flat: numpy.ndarray) -> None:
    sample = numpy.arange(256)
    hann = 0.5 - 0.5 * numpy.cos(2 * numpy.pi * sample / 256)
    turn = numpy.exp(-2j * numpy.pi * numpy.arange(129)[:, None] * sample / 256) * hann
    worst = numpy.abs(flat.reshape(258, 256) - numpy.concatenate([turn.real, turn.imag])).max()
    assert worst < 1e-7, f"the first layer is no Hann-windowed Fourier transform: {worst}"


if __name__ == "__main__":
    main()
