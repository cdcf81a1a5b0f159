"""Agents in files: a receptionist books a table by an HTTP tool, and hands over to the cook, in one spoken call."""
import os
import pathlib
import subprocess

import pytest
from booking import Booking
from conftest import ROOT, eventually, talk

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

    wishes = ["book a table for six people on friday at seven o'clock", "can i talk to the cook", "what is on the menu today"]
    greeting, (booked, fetched, menu), heard = in_room(talk(speech, wishes), worker)

    assert "Olive Tree" in greeting
    assert "A table for 6" in booked and "number 1" in booked, (booked, heard)
    assert house.bookings == {1: {"number": 1, "people": 6, "day": "friday", "hour": 19, "table": 8}}
    (booking,) = [headers for method, _, headers, _ in house.requests if method == "POST"]
    assert booking["idempotency-key"], "the request names its call"
    assert fetched.index("I fetch the cook") < fetched.index("This is the kitchen"), fetched
    assert "tomato soup" in menu, menu
    assert worker.ended("success") == 1 or eventually(lambda: worker.ended("success") == 1)


def test_what_a_booking_service_answers_hands_the_call_over(in_room, start_worker, speech, house, agents):
    receptionist = agents / "receptionist.toml"
    receptionist.write_text(receptionist.read_text().replace('name = "book_table"\n', 'name = "book_table"\nhand_off = "cook"\n'))
    worker = start_worker(
        "config/default.toml",
        COLLOQUY__AGENTS__FOLDER=str(agents),
        COLLOQUY__AGENTS__ENTRY="receptionist",
        BOOKING_KEY=KEY,
    )
    wishes = ["book a table for nine people on friday at seven o'clock", "book a table for six people on friday at seven o'clock"]
    _, (refused, booked), heard = in_room(talk(speech, wishes), worker)

    assert house.bookings == {1: {"number": 1, "people": 6, "day": "friday", "hour": 19, "table": 8}}, (refused, booked, heard)
    assert "kitchen" not in refused, "a booking that failed leaves the call where it is"
    assert booked.index("A table for 6") < booked.index("This is the kitchen"), booked


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
