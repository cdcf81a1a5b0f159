#!/usr/bin/env python3
"""What Smart Turn's own authors compute: makes the vectors of tests/signals, and compares the house's with it.

    pip install onnxruntime==1.31.1 numpy==2.4.6 && pip download --no-deps pipecat-ai==1.14.0 -d wheel
    tools/reference.py wheel/*.whl vectors                    # rewrites tests/signals/{features.f32,probabilities.txt}
    tools/reference.py wheel/*.whl compare JUDGE FILE.wav…    # 16 kHz mono; JUDGE: the built example `judge`

The front end is taken out of the wheel and run as it is; nothing of it is kept here.
"""
import io
import pathlib
import subprocess
import sys
import tempfile
import types
import wave
import zipfile

import numpy
import onnxruntime

PACKAGE = "pipecat/audio/turn/smart_turn/"
SIGNALS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "signals"
SAMPLES, KEPT, STRIDE = 128_000, 240, 271
VOWEL = [(31_095, -15_927), (28_584, -15_704)]


def main():
    wheel, command, *arguments = sys.argv[1:]
    with zipfile.ZipFile(wheel) as archive:
        front = types.ModuleType("front")
        exec(archive.read(PACKAGE + "_whisper_features.py"), front.__dict__)
        model = archive.read(PACKAGE + "data/smart-turn-v3.2-cpu.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)

    def features(samples):
        sound = numpy.array(samples[-SAMPLES:], dtype=numpy.float32) / 32_768
        sound = numpy.pad(sound, (SAMPLES - sound.size, 0))
        return front.compute_whisper_log_mel_features(sound)

    def probability(seen):
        return session.run(None, {"input_features": seen[None]})[0].item()

    {"vectors": vectors, "compare": compare}[command](features, probability, *arguments)


def vectors(features, probability):
    kept, said = io.BytesIO(), []
    for name, samples in signals():
        seen = features(samples)
        places = [place * STRIDE % seen.size for place in range(KEPT)]
        kept.write(seen.reshape(-1)[places].astype("<f4").tobytes())
        said.append(f"{name} {probability(seen):.4f}\n")
    (SIGNALS / "features.f32").write_bytes(kept.getvalue())
    (SIGNALS / "probabilities.txt").write_text("".join(said))


def compare(features, probability, judge, model, *files):
    with tempfile.TemporaryDirectory() as folder:
        files = list(files)
        for name, samples in signals():
            files.append(str(pathlib.Path(folder) / f"{name}.wav"))
            write(files[-1], samples)
        ours = numpy.frombuffer(subprocess.run([judge, "features", *files], check=True, capture_output=True).stdout, "<f4")
        said = subprocess.run([judge, model, *files], check=True, capture_output=True, text=True).stdout.splitlines()
        worst = [0.0, 0.0]
        print("features differ by   theirs   ours   sound")
        for file, seen, line in zip(files, ours.reshape(len(files), 80, 800), said, strict=True):
            reference = features(read(file))
            apart = float(numpy.abs(reference - seen).max())
            theirs, own = probability(reference), float(line.split()[0])
            worst = [max(worst[0], apart), max(worst[1], abs(theirs - own))]
            print(f"{apart:18.1e} {theirs:8.4f} {own:6.3f}   {pathlib.Path(file).stem}")
        print(f"{len(files)} sounds: features differ by at most {worst[0]:.1e}, probabilities by {worst[1]:.4f}")


def signals():
    """The sounds of signals.txt; tests/signals/mod.rs computes the same."""
    for line in (SIGNALS / "signals.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, *numbers = line.split()
        count, step, sweep, tone, noise, pulse, gate, offset, voice = map(int, numbers)
        seed, phase, states, samples = 1, 0, [[0, 0], [0, 0]], []
        for position in range(count):
            seed = (seed * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
            phase = (phase + step + sweep * (position >> 10)) & 0xFFFF
            half = phase & 0x7FFF
            bow = half * (32_768 - half) >> 13
            value = ((bow if phase < 0x8000 else -bow) * tone >> 8) + (((seed >> 16) - 32_768) * noise >> 8)
            if pulse and position % pulse == 0:
                value += 20_000
            if voice:
                for (first, second), state in zip(VOWEL, states):
                    value = (value * 4_096 + first * state[0] + second * state[1]) >> 14
                    state[:] = [value, state[0]]
            if gate and position // gate % 2:
                value = 0
            samples.append(max(-32_768, min(32_767, value + offset)))
        yield name, samples


def read(file):
    with wave.open(file) as sound:
        return numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2")


def write(file, samples):
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(numpy.array(samples, "<i2").tobytes())


if __name__ == "__main__":
    main()
