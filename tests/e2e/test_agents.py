"""Agents in files: a receptionist books a table by an HTTP tool, and hands over to the cook, in one spoken call."""
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

import pytest
from conftest import ROOT, Process, eventually, free_ports

RESTAURANT_KEY = "the-key-of-the-restaurant"
FILES = ROOT / "config" / "agents" / "restaurant"


class Restaurant(Process):
    """The booking service that the tools ask."""

    def __init__(self, folder: pathlib.Path):
        (self.port,) = free_ports(1)
        command = [sys.executable, ROOT / "tests" / "peers" / "restaurant.py", self.port, RESTAURANT_KEY]
        super().__init__("restaurant", command, folder / "restaurant.log")

    def get(self, path: str):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {RESTAURANT_KEY}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def is_open(self) -> bool:
        try:
            self.get("/bookings")
        except OSError:
            return False
        return True


@pytest.fixture
def restaurant(tmp_path):
    service = Restaurant(tmp_path)
    service.start()
    assert eventually(service.is_open), service.tail()
    yield service
    service.stop()


@pytest.fixture
def agents(tmp_path, restaurant) -> pathlib.Path:
    """The restaurant's agents as they ship, but for the address of its service."""
    folder = tmp_path / "agents"
    folder.mkdir()
    for file in FILES.glob("*.toml"):
        text = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{restaurant.port}", file.read_text())
        (folder / file.name).write_text(text.replace("config/agents/restaurant/intents", str(FILES / "intents")))
    return folder


def test_a_receptionist_books_a_table_and_hands_over_to_the_cook(in_room, start_worker, speech, restaurant, agents):
    worker = start_worker(
        "config/default.toml",
        COLLOQUY__AGENTS__FOLDER=str(agents),
        COLLOQUY__AGENTS__ENTRY="receptionist",
        RESTAURANT_KEY=RESTAURANT_KEY,
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
    assert "by the window" in booked and "number 1" in booked, (booked, heard)
    (booking,) = restaurant.get("/bookings")
    assert (booking["people"], booking["day"], booking["hour"]) == (6, "friday", 7)
    assert booking["key"], "the request names its call"
    assert fetched.index("I fetch the cook") < fetched.index("This is the kitchen"), fetched
    assert "tomato soup" in menu, menu
    assert worker.ended("success") == 1 or eventually(lambda: worker.ended("success") == 1)


def check(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    import os

    command = [os.environ["COLLOQUY_AGENT"], "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, env=os.environ | environment)


def test_the_check_finds_what_is_wrong_between_agents(agents):
    settings = ["--set", f"agents.folder={agents}", "--set", "agents.entry=receptionist"]
    fine = check(*settings, RESTAURANT_KEY="k")
    assert fine.returncode == 0 and "cook, receptionist" in fine.stdout, fine.stderr
    (agents / "waiter.toml").write_text("")
    lost = check(*settings, RESTAURANT_KEY="k")
    assert lost.returncode == 3 and "waiter" in lost.stderr, lost.stderr
    (agents / "waiter.toml").write_text("[agent]\nhand_off = [\"coook\"]\n")
    stranger = check(*settings, RESTAURANT_KEY="k")
    assert stranger.returncode == 3 and "did you mean cook?" in stranger.stderr, stranger.stderr
