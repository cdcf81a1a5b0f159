"""`connect`: the agent joins one room at once, without having been asked by the server."""
import asyncio
import os
import subprocess
import uuid

import pytest
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


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"LIVEKIT_API_SECRET": "this-is-not-the-secret-of-the-server"}, ["401"]),
        ({"LIVEKIT_URL": "ws://127.0.0.1:1"}, ["127.0.0.1:1", "refused"]),
    ],
    ids=["a wrong key", "a server that is down"],
)
def test_a_server_that_cannot_be_had_is_said_and_has_its_exit_code(livekit, settings, said):
    command = [os.environ["COLLOQUY_AGENT"], "connect", "--config", ROOT / "config/default.toml", "--room", "nobody"]
    environment = os.environ | {"LIVEKIT_URL": livekit.url} | settings
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert run.returncode == 4, run.stdout + run.stderr
    for word in said:
        assert word in run.stderr, run.stderr
