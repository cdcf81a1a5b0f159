#!/usr/bin/env python3
"""What ONNX Runtime says: makes the vectors of tests/vad_silero.rs, and compares the house's Silero on any audio.

    pip install onnxruntime==1.31.1 numpy==2.4.6 && pip download --no-deps silero-vad==6.2.3 -d wheel
    tools/silero_vectors.py wheel/*.whl vectors              # rewrites tests/vad_vectors/*.f32
    tools/silero_vectors.py wheel/*.whl compare vad_judge *.s16   # s16le, 16 kHz mono; vad_judge: the built example

tests/vad_vectors/speech.s16 is `flite -voice slt -t "Please turn on the kitchen light. Thank you."` (flite 2.2), as
16 kHz s16le without header. The other audio of the test is computed by `generated` below and, in the same integers,
by tests/vad_silero.rs.
"""
import pathlib
import subprocess
import sys
import zipfile

import numpy
import onnxruntime

MODEL = "silero_vad/data/silero_vad_openvino_16k.onnx"
VECTORS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "vad_vectors"

# Scenes of one second: (level of noise as a right shift of 16 bits, gain of the voice in 256ths, other).
SCENES = [
    (16, 0, "none"), (11, 0, "none"), (16, 256, "none"), (10, 256, "none"), (12, 24, "none"), (8, 0, "none"),
    (16, 0, "square"), (8, 256, "none"), (16, 0, "clicks"), (16, 4096, "none"), (15, 0, "none"), (13, 128, "none"),
]
# Two-pole resonators in 16384ths, (b1, b2), three a vowel: 700/1200/2500, 300/2200/3000 and 400/800/2600 Hz, with
# bandwidths of 144/216/356 Hz.
VOWELS = [
    [(31095, -15927), (28584, -15704), (17580, -15278)],
    [(32084, -15927), (20835, -15704), (12109, -15278)],
    [(31910, -15927), (30510, -15704), (16533, -15278)],
]


def generated() -> numpy.ndarray:
    """Twelve seconds in integers alone, so that any language computes the same."""
    random, pulse, samples = 0x2545F491, 0, []
    states = [[0, 0], [0, 0], [0, 0]]
    for position in range(16_000 * len(SCENES)):
        noise_shift, gain, other = SCENES[position // 16_000]
        random ^= (random << 13) & 0xFFFFFFFF
        random ^= random >> 17
        random ^= (random << 5) & 0xFFFFFFFF
        noise = ((random >> 16) - 32_768) >> noise_shift if noise_shift < 16 else 0
        syllable = position % 3_200
        pulse = pulse - 1 if pulse > 0 else 120 + abs(position % 6_400 - 3_200) // 80
        value = 6_000 if pulse == 0 else ((random >> 20) - 2_048) >> 6
        value = value * min(syllable, 3_200 - syllable) // 1_600
        for (b1, b2), state in zip(VOWELS[position // 3_200 % 3], states):
            value = (value * 4_096 + b1 * state[0] + b2 * state[1]) >> 14
            state[1], state[0] = state[0], value
        if other == "square":
            value = 32_767 if position // 40 % 2 == 0 else -32_768
        elif other == "clicks":
            value = 30_000 if position % 4_000 < 3 else 0
        else:
            value = value * gain >> 8
        samples.append(max(-32_768, min(32_767, value + noise)))
    return numpy.array(samples, "<i2")


class Reference:
    def __init__(self, wheel: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        with zipfile.ZipFile(wheel) as archive:
            model = archive.read(MODEL)
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def probabilities(self, samples: numpy.ndarray) -> numpy.ndarray:
        heard = samples.astype(numpy.float32) / 32_768
        state, context, said = numpy.zeros((2, 1, 128), numpy.float32), numpy.zeros(64, numpy.float32), []
        for start in range(0, len(heard) - 511, 512):
            window = heard[start : start + 512]
            span = numpy.concatenate([context, window])[None]
            output, state = self.session.run(None, {"input": span, "state": state})
            context = window[-64:]
            said.append(output.item())
        return numpy.array(said, "<f4")


def main() -> None:
    wheel, command, *rest = sys.argv[1:]
    reference = Reference(wheel)
    if command == "vectors":
        speech = numpy.fromfile(VECTORS / "speech.s16", "<i2")
        for name, samples in [("speech", speech), ("generated", generated())]:
            said = reference.probabilities(samples)
            said.tofile(VECTORS / f"{name}.f32")
            print(f"{name}: {len(said)} windows, {(said >= 0.5).sum()} of them speech")
    elif command == "compare":
        judge, *files = rest
        windows = flips = 0
        worst = 0.0
        for file in files:
            expected = reference.probabilities(numpy.fromfile(file, "<i2"))
            with open(file, "rb") as audio:
                ours = subprocess.run([judge, "silero"], stdin=audio, stdout=subprocess.PIPE, check=True).stdout
            ours = numpy.frombuffer(ours, "<f4")
            assert len(ours) == len(expected), file
            windows += len(ours)
            flips += ((ours >= 0.5) != (expected >= 0.5)).sum()
            worst = max(worst, numpy.abs(ours - expected).max(initial=0.0))
        print(f"{len(files)} files, {windows} windows: {flips} flips, largest difference {worst:.1e}")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
