"""A realtime model in a room of a real server: it answers by itself with a tone, and is spoken over."""
import math
import time
from array import array

from conftest import eventually

RATE = 48000
ANSWER = "Here is a long answer of the realtime model, told by a tone that nobody wants to hear to its very end."
SETTINGS = {
    "COLLOQUY__REALTIME__PROVIDER": "fake",
    "COLLOQUY__REALTIME__TTS": "false",
    "COLLOQUY__REALTIME__FAKE__LENGTH_MS": "20000",
    "COLLOQUY__REALTIME__FAKE__FREQUENCY_HZ": "660",
    "COLLOQUY__REALTIME__FAKE__TEXT": ANSWER,
    "COLLOQUY__REALTIME__FAKE__HEARD": "tell me a story",
    "COLLOQUY__CONVERSATION__APOLOGY": "",
}


def power(samples: array, hertz: float) -> float:
    """How much of the samples' energy lies at this pitch, from 0 to 1."""
    turn = 2 * math.pi * hertz / RATE
    along = sum(value * math.cos(turn * n) for n, value in enumerate(samples))
    across = sum(value * math.sin(turn * n) for n, value in enumerate(samples))
    energy = sum(value * value for value in samples) or 1
    return 2 * (along * along + across * across) / (len(samples) * energy)


def test_a_realtime_model_is_heard_and_stops_where_it_is_spoken_over(in_room, start_worker, speech):
    for turns in ["voice", "model"]:
        worker = start_worker("config/examples/bench.toml", COLLOQUY__REALTIME__TURNS=turns, **SETTINGS)

        async def scenario(caller):
            assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
            await caller.silence(1.0)
            await caller.speak(speech("please tell me a long story"))
            assert await caller.wait_for(lambda: caller.answered_after is not None, 20), "no answer was heard"
            await caller.silence(2.0)
            tone = array("h", bytes(caller.heard[-RATE:]))  # half a second
            begun = time.monotonic()
            await caller.speak(speech("stop now please and listen to me for a moment"))
            spoke = time.monotonic()
            silent_at = caller.silenced_at(begun)
            assert await caller.wait_for(lambda: caller.agent_said() and caller.said(caller.identity), 10), "nothing was shown"
            return tone, spoke, silent_at, caller

        tone, spoke, silent_at, caller = in_room(scenario, worker)
        assert power(tone, 660.0) > 0.9, f"{turns}: what is heard is not the model's tone: {power(tone, 660.0):.2f}"
        assert silent_at is not None and silent_at < spoke, f"{turns}: the model went on while it was spoken over"
        first = caller.agent_said()[0]
        assert ANSWER.startswith(first.strip()) and len(first) < len(ANSWER) / 2, f"{turns}: shown was {first!r}"
        assert caller.said(caller.identity)[0] == "tell me a story", f"{turns}: the turn's words come from the model"
        assert eventually(lambda: worker.ended("success") == 1)
