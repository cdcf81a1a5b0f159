"""SIGTERM while a person talks with the agent: the call goes on until they leave, and the worker ends after it."""
import asyncio
import json
import urllib.request

from conftest import ROOT, Worker, eventually
from test_call import QUESTION, ask


def test_who_is_in_a_call_is_answered_until_they_leave_and_nobody_is_cut(in_room, livekit, folder, speech):
    worker = Worker(folder, livekit, ROOT / "config/default.toml")
    worker.start()

    def phase() -> str:
        with urllib.request.urlopen(f"{worker.http}/worker", timeout=5) as answer:
            return json.loads(answer.read())["phase"]

    async def scenario(caller):
        await ask(caller, speech(QUESTION))
        before = len(caller.agent_said())
        worker.child.terminate()
        assert await asyncio.to_thread(eventually, lambda: phase() == "draining"), "it does not drain"
        await caller.speak(speech(QUESTION))
        assert await caller.wait_for(lambda: len(caller.agent_said()) > before, 20), "no answer while the worker drains"
        assert worker.child.poll() is None
        return caller.job, caller.agent_said()[before]

    try:
        job, answer = in_room(scenario, worker)
        assert worker.child.wait(15) == 0, worker.tail()
    finally:
        worker.stop()
    assert "5" in answer or "five" in answer, answer
    assert livekit.ended_as(job) == ("JS_SUCCESS", "")
