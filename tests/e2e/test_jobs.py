"""Jobs that are about one person: an agent comes for each who publishes, or for each who joins, answers that one, and ends with them."""
import asyncio

import pytest
from conftest import eventually
from livekit import api, rtc
from remote import Remote
from test_call import QUESTION


def agents(room: rtc.Room) -> set[str]:
    kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    return {each.identity for each in room.remote_participants.values() if each.kind == kind}


async def agents_by_person(room: str) -> dict[str, str]:
    """For whom the server has asked for which agent."""
    async with api.LiveKitAPI() as server:
        dispatches = await server.agent_dispatch.list_dispatch(room)
    return {job.participant.identity: f"agent-{job.id}" for each in dispatches for job in each.state.jobs}


@pytest.mark.parametrize("kind, people", [("publisher", {"caller"}), ("participant", {"caller", "listener"})])
def test_an_agent_comes_for_each_and_answers_that_one_until_they_leave(in_room, start_worker, livekit, speech, kind, people):
    worker = start_worker("config/default.toml", COLLOQUY__WORKER__JOB_KIND=kind)

    async def scenario(caller):
        listener = await Remote("listener").join(caller.room.name, {})
        try:
            assert await caller.wait_for(lambda: len(agents(caller.room)) == len(people), 20), agents(caller.room)
            for _ in range(20):  # the server tells of a job a few seconds after it has given it
                await caller.silence(1.0)
                if (known := await agents_by_person(caller.room.name)).keys() == people:
                    break
            assert known.keys() == people
            await caller.wait_until_silent(quiet=1.5, limit=30)
            before = len(caller.transcripts)
            await caller.speak(speech(QUESTION))
            assert await caller.wait_for(lambda: said_by(caller, known["caller"], before), 20), "no answer"
            assert await caller.wait_until_silent(quiet=1.5, limit=30), "the answer does not end"
            answers = {person: said_by(caller, agent, before) for person, agent in known.items()}
            await caller.leave()
            await asyncio.to_thread(eventually, lambda: known["caller"] not in agents(listener.room))
            return known, answers, agents(listener.room)
        finally:
            await listener.leave()

    known, answers, left = in_room(scenario, worker)
    (answer,) = answers.pop("caller")
    assert "5" in answer or "five" in answer, answer
    assert not any(answers.values()), "an agent answers who is not its own"
    assert left == {agent for person, agent in known.items() if person != "caller"}
    worker.wait_until_idle()
    assert livekit.ended_as(known["caller"].removeprefix("agent-")) == ("JS_SUCCESS", "")
    assert worker.ended("success") == len(people) and worker.ended("failed") == 0


def said_by(caller, agent: str, since: int) -> list[str]:
    """What an agent has said to its end, from this transcript on."""
    return [text for _, who, text, _ in caller.transcripts[since:] if who == agent and text]
