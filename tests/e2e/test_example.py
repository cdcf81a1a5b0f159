"""The example in Rust as its own program: a receptionist with tools that are functions, and a cook to hand over to."""
import os
import pathlib

import pytest
from conftest import ROOT, Worker, eventually, talk

INTENTS = ROOT / "config" / "agents" / "restaurant" / "intents" / "restaurant.toml"


@pytest.fixture
def worker(folder, livekit, tmp_path):
    """The example, built beside the agent, with the restaurant's offline mind calling the example's tools."""
    program = pathlib.Path(os.environ["COLLOQUY_AGENT"]).parent / "examples" / "receptionist"
    assert program.exists(), f"{program} is not built: cargo build -p agent-worker --example receptionist"
    intents = tmp_path / "intents.toml"
    intents.write_text(INTENTS.read_text().replace('tool = "hand_over_to_cook"', 'tool = "ask_the_kitchen"'))
    worker = Worker(folder, livekit, ROOT / "config/default.toml", {"COLLOQUY__LLM__LOCAL__INTENTS": str(intents)}, program)
    worker.start()
    yield worker
    worker.stop()


def test_the_receptionist_in_rust_books_a_table_and_lets_the_cook_speak(in_room, worker, speech):
    wishes = ["book a table for six people on friday at seven", "book a table for four people tomorrow at twelve", "can i talk to the cook"]
    greeting, (refused, booked, fetched), heard = in_room(talk(speech, wishes), worker)

    assert "Olive Tree" in greeting
    assert "open from 12 to 22" in refused, (refused, heard)
    assert "A table for 4" in booked and "at 12" in booked, (booked, heard)
    assert fetched.index("The cook comes") < fetched.index("This is the kitchen"), (fetched, heard)
    assert worker.ended("success") == 1 or eventually(lambda: worker.ended("success") == 1)
    tools = worker.metrics()
    assert tools['colloquy_tool_calls_total{outcome="returned"}'] == 2 and tools['colloquy_tool_calls_total{outcome="failed"}'] == 1
