"""Agents in files: a receptionist books a table by an HTTP tool, and hands over to the cook, in one spoken call."""
import os
import pathlib
import subprocess

import pytest
from booking import Booking
from conftest import ROOT, eventually

KEY = "the-key-of-the-restaurant"
FILES = ROOT / "config" / "agents" / "restaurant"


@pytest.fixture
def house():
    house = Booking(key=KEY).start()
    yield house
    house.stop()


@pytest.fixture
def agents(tmp_path, house) -> pathlib.Path:
    """The restaurant's agents as they ship, but for the address of its service."""
    folder = tmp_path / "agents"
    folder.mkdir()
    for file in FILES.glob("*.toml"):
        text = file.read_text().replace("http://127.0.0.1:8099", house.url)
        (folder / file.name).write_text(text.replace("config/agents/restaurant/intents", str(FILES / "intents")))
    return folder


def test_a_receptionist_books_a_table_and_hands_over_to_the_cook(in_room, start_worker, speech, house, agents):
    worker = start_worker(
        "config/default.toml",
        COLLOQUY__AGENTS__FOLDER=str(agents),
        COLLOQUY__AGENTS__ENTRY="receptionist",
        BOOKING_KEY=KEY,
    )

    async def said(caller, words: str) -> str:
        """Speaks, and waits for what the agents say to it."""
        before = len(caller.agent_said())
        await caller.speak(speech(words))
        assert await caller.wait_for(lambda: len(caller.agent_said()) > before, 20), f"no answer to {words!r}"
        assert await caller.wait_until_silent(quiet=2.5, limit=40), "the answer does not end"
        return " ".join(caller.agent_said()[before:])

    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
        await caller.wait_until_silent(quiet=1.5, limit=30)
        return [
            await said(caller, "book a table for six people on friday at seven o'clock"),
            await said(caller, "can i talk to the cook"),
            await said(caller, "what is on the menu today"),
        ], caller.agent_said()[0], caller.said(caller.identity)

    (booked, fetched, menu), greeting, heard = in_room(scenario, worker)

    assert "Olive Tree" in greeting
    assert "A table for 6" in booked and "number 1" in booked, (booked, heard)
    assert house.bookings == {1: {"number": 1, "people": 6, "day": "friday", "hour": 19, "table": 8}}
    (booking,) = [headers for method, _, headers, _ in house.requests if method == "POST"]
    assert booking["idempotency-key"], "the request names its call"
    assert fetched.index("I fetch the cook") < fetched.index("This is the kitchen"), fetched
    assert "tomato soup" in menu, menu
    assert worker.ended("success") == 1 or eventually(lambda: worker.ended("success") == 1)


def check(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [os.environ["COLLOQUY_AGENT"], "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, env=os.environ | environment)


def test_the_check_finds_what_is_wrong_between_agents(agents):
    settings = ["--set", f"agents.folder={agents}", "--set", "agents.entry=receptionist"]
    fine = check(*settings, BOOKING_KEY="k")
    assert fine.returncode == 0 and "cook, receptionist" in fine.stdout, fine.stderr
    (agents / "waiter.toml").write_text("")
    lost = check(*settings, BOOKING_KEY="k")
    assert lost.returncode == 3 and "waiter" in lost.stderr, lost.stderr
    (agents / "waiter.toml").write_text("[agent]\nhand_off = [\"coook\"]\n")
    stranger = check(*settings, BOOKING_KEY="k")
    assert stranger.returncode == 3 and "did you mean cook?" in stranger.stderr, stranger.stderr
