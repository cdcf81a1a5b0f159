"""An agent whose tools are HTTP requests: a spoken wish becomes a booking at a server, and its failures become words."""
import json
import os
import subprocess
import urllib.request

import pytest
from booking import Booking
from conftest import ROOT, recognise, words_of
from participant import write_wav

KEY = "key-of-the-tests"
WISH = "i want to book a table for four people on friday at eight"


@pytest.fixture
def house():
    house = Booking(key=KEY).start()
    yield house
    house.stop()


def talk(house: Booking, folder, question: bytes) -> tuple[str, list[str]]:
    """What the console prints, and what is heard of the answer."""
    config, asked, answered = folder / "booking.toml", folder / "asked.wav", folder / "answered.wav"
    example = (ROOT / "config/examples/booking.toml").read_text()
    config.write_text(example.replace("http://127.0.0.1:8099", house.url))
    write_wav(str(asked), question)
    command = [os.environ["COLLOQUY_AGENT"], "console", "--config", config, "--in", asked, "--out", answered]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | {"BOOKING_KEY": KEY})
    assert run.returncode == 0, run.stderr
    assert KEY not in run.stdout + run.stderr
    return run.stdout, recognise(answered)


def test_a_spoken_wish_is_booked_and_read_back(house, tmp_path, speech):
    printed, heard = talk(house, tmp_path, speech(WISH))
    assert house.bookings == {1: {"number": 1, "people": 4, "day": "friday", "hour": 20, "table": 4}}, printed
    method, path, headers, body = house.requests[-1]
    assert (method, path) == ("POST", "/bookings") and headers["idempotency-key"].startswith("console-")
    assert json.loads(body) == {"people": 4, "day": "Friday", "hour": 8}
    assert {"friday", "booked"} <= set(words_of(printed)), printed
    assert {"friday", "booked"} & set(heard), f"heard {heard}; printed {printed}"


def test_a_server_that_stumbles_books_once(house, tmp_path, speech):
    house.faults += ["503"]
    printed, _ = talk(house, tmp_path, speech(WISH))
    assert len(house.bookings) == 1 and len(house.requests) == 2, printed
    assert len({headers["idempotency-key"] for _, _, headers, _ in house.requests}) == 1


@pytest.mark.parametrize("fault", ["cut", "redirect"])
def test_a_server_that_fails_is_told_and_the_call_goes_on(house, tmp_path, speech, fault):
    house.faults += [fault] * 2
    printed, heard = talk(house, tmp_path, speech(WISH))
    assert house.bookings == {} and heard, printed


def test_a_full_house_is_told_in_its_own_words(house, tmp_path, speech):
    for _ in range(2):  # the tables of four and of eight
        wish = json.dumps({"people": 4, "day": "friday", "hour": 8}).encode()
        head = {"Authorization": f"Bearer {KEY}"}
        urllib.request.urlopen(urllib.request.Request(f"{house.url}/bookings", data=wish, headers=head), timeout=5).close()
    printed, _ = talk(house, tmp_path, speech(WISH))
    assert len(house.bookings) == 2, printed
