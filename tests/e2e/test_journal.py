"""A call that was held is decided again from its journal, and told again as a scenario."""
import os
import pathlib
import subprocess

from conftest import ROOT, Worker, eventually
from test_call import QUESTION, ask


def sim(*words) -> str:
    """What the runner of scenarios, built beside the agent, prints."""
    runner = pathlib.Path(os.environ["COLLOQUY_AGENT"]).with_name("tests-sim")
    run = subprocess.run([runner, *words], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_a_call_is_decided_again_and_becomes_a_scenario(in_room, livekit, speech, folder):
    journals = folder / "journals"
    worker = Worker(folder, livekit, ROOT / "config/default.toml", {"COLLOQUY__JOURNAL__FOLDER": str(journals)})
    worker.start()
    try:
        in_room(lambda caller: ask(caller, speech(QUESTION)), worker)
        assert eventually(lambda: worker.ended("success") == 1)
    finally:
        # A journal is written by a thread of its own, which the worker ends last.
        assert worker.stop() == 0, worker.tail()
    (journal,) = journals.glob("AJ_*.journal")
    assert not set(QUESTION.split()) & set(journal.read_text().replace("=", " ").split()), "a journal has no words"

    orders = sim("replay", journal)
    assert sim("replay", journal) == orders
    assert " user.left" in journal.read_text()
    assert "commit" in orders and "close" in orders.lower(), orders

    scenario = folder / "retold.toml"
    # The first words wait until somebody in the room has subscribed, which no scenario tells.
    scenario.write_text(sim("retell", "--within", "0.5", journal))
    assert "ok" in sim("run", scenario)
