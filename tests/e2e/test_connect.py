"""`connect`: the agent joins one room at once, without having been asked by the server."""
import asyncio
import os
import uuid

from conftest import ROOT, Process
from participant import Participant
from test_call import QUESTION, ask


def test_it_answers_in_the_room_that_is_named_and_ends_with_the_call(livekit, speech, tmp_path):
    room = f"connect-{uuid.uuid4().hex[:8]}"
    command = [os.environ["COLLOQUY_AGENT"], "connect", "--config", ROOT / "config/default.toml", "--room", room, "--identity", "guest"]
    agent = Process("connect", command, tmp_path / "connect.log", {"LIVEKIT_URL": livekit.url})

    async def call():
        caller = Participant("caller")
        await caller.join(room)
        agent.start()
        try:
            await ask(caller, speech(QUESTION))
        finally:
            await caller.leave()
        return caller

    try:
        caller = asyncio.run(call())
        assert agent.child.wait(15) == 0, agent.tail()
    finally:
        agent.stop()
    assert caller.agent_identity == "guest"
    answer = caller.agent_said()[-1]
    assert "5" in answer or "five" in answer, answer
