"""The agent without any server: a question in a file, the answer in another."""
import os
import subprocess

from conftest import ROOT, recognise, words_of
from participant import LOUD, RATE, read_speech, rms, write_wav


def console(folder, question: bytes, *more: str):
    asked, answered = folder / "asked.wav", folder / "answered.wav"
    write_wav(str(asked), question)
    command = [os.environ["COLLOQUY_AGENT"], "console", "--config", ROOT / "config/default.toml", "--in", asked, "--out", answered, *more]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return run, answered


def silent_end(path) -> float:
    """Seconds after the last that can be heard in a file."""
    samples = read_speech(str(path))
    second = 2 * RATE
    pieces = [rms(samples[start : start + second // 10]) > LOUD for start in range(0, len(samples), second // 10)]
    return pieces[::-1].index(True) / 10


def test_a_question_in_a_file_is_answered_in_a_file(folder, speech):
    run, answered = console(folder, speech("what is two plus three"))
    assert run.returncode == 0, run.stderr
    heard = recognise(answered)
    assert set(heard) & {"five", "two", "three", "plus"}, f"heard {heard}; printed {run.stdout}"
    assert {"two", "plus", "three"} <= set(words_of(run.stdout)), run.stdout
    assert silent_end(answered) < 2.5, "the call goes on long after the answer"


def test_a_file_that_is_not_there_is_named(folder, tmp_path):
    command = [os.environ["COLLOQUY_AGENT"], "console", "--in", tmp_path / "none.wav", "--out", tmp_path / "out.wav"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert run.returncode != 0
    assert "none.wav" in run.stderr
