"""A caller made with the Python client speaks with our worker in a room of a real server."""
import asyncio
import time

from conftest import LiveKit, eventually, recognise, share_heard
from livekit import api
from participant import Participant

# Its answer is the same at any time of day, and the judge of what was heard knows its words.
QUESTION = "what is two plus three"


async def ask(caller, speech: bytes) -> None:
    """Waits for the agent and its greeting, speaks, and listens until the answer has ended."""
    assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
    await caller.wait_until_silent(quiet=1.0, limit=20)
    await caller.speak(speech)
    assert await caller.wait_for(lambda: caller.answered_after is not None, 20), "no answer was heard"
    assert await caller.wait_until_silent(quiet=1.5, limit=30), "the answer does not end"


def test_a_spoken_question_is_answered_aloud(in_room, local_agent, speech, folder):
    async def scenario(caller):
        await ask(caller, speech(QUESTION))
        await caller.silence(0.5)
        return caller

    caller = in_room(scenario, local_agent)

    said = [text for who, text in _finals(caller) if who == caller.identity]
    assert " ".join(said).lower().strip(" .?!") == QUESTION
    answer = caller.agent_said()[-1]
    assert "5" in answer or "five" in answer, answer
    caller.save(folder / "answer.wav")
    heard = recognise(folder / "answer.wav")
    assert share_heard(answer, heard) >= 0.6, f"said {answer!r}, heard {heard}"


def test_states_and_transcripts_come_in_order(in_room, local_agent, speech):
    async def scenario(caller):
        await ask(caller, speech(QUESTION))
        await caller.silence(0.5)
        return caller

    caller = in_room(scenario, local_agent)

    states = [state for _, state in caller.states]
    turn = states[len(states) - states[::-1].index("thinking") - 1 :]
    assert turn == ["thinking", "speaking", "listening"], states
    segments = {}
    for when, who, text, attributes in caller.transcripts:
        segments.setdefault((who, attributes["lk.segment_id"]), []).append((when, text, attributes["lk.transcription_final"]))
    for (who, _), parts in segments.items():
        assert parts[-1][2] == "true", f"the last part of a segment of {who} is not final: {parts}"
        assert all(final == "false" for _, _, final in parts[:-1]), parts
    for _, who, _, attributes in caller.transcripts:
        if who == caller.identity:
            assert attributes["lk.transcribed_track_id"] == caller.publication.sid


def test_speaking_over_the_agent_silences_it(in_room, start_worker, speech):
    long_tone = start_worker("config/examples/bench.toml", COLLOQUY__TTS__FAKE__LENGTH_MS="20000")

    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20)
        await caller.wait_until_silent(quiet=1.0, limit=40)
        await caller.speak(speech("please tell me a long story"))
        assert await caller.wait_for(lambda: caller.answered_after is not None, 20)
        await caller.silence(1.0)
        begun = time.monotonic()
        await caller.speak(speech("stop now please and listen to me for a moment"))
        return time.monotonic(), caller.silenced_at(begun)

    spoke, silent_at = in_room(scenario, long_tone)
    assert silent_at is not None and silent_at < spoke, "the agent went on while it was spoken over"


def test_a_written_message_is_answered_aloud(in_room, local_agent):
    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20)
        await caller.wait_until_silent(quiet=1.0, limit=20)
        before = len(caller.agent_said())
        await caller.room.local_participant.send_text("what is two plus three", topic="lk.chat")
        assert await caller.wait_for(lambda: len(caller.agent_said()) > before, 20)
        return caller.agent_said()[-1], any(loud for _, loud in caller.loud_frames[-100:])

    answer, audible = in_room(scenario, local_agent)
    assert "5" in answer or "five" in answer, answer
    assert audible


def test_leaving_ends_the_job_as_success_also_for_the_server(in_room, livekit, local_agent):
    local_agent.wait_until_idle()
    before = _ended(local_agent)

    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20)
        return caller.job

    job = in_room(scenario, local_agent)
    local_agent.wait_until_idle()
    assert _ended(local_agent) == (before[0] + 1, before[1])
    assert livekit.ended_as(job) == ("JS_SUCCESS", "")


def test_a_room_that_is_deleted_ends_the_job_as_success(in_room, livekit, local_agent):
    local_agent.wait_until_idle()
    before = _ended(local_agent)

    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20)
        async with api.LiveKitAPI() as server:
            await server.room.delete_room(api.DeleteRoomRequest(room=caller.room.name))
        await asyncio.to_thread(local_agent.wait_until_idle)
        return caller.job

    job = in_room(scenario, local_agent)
    assert _ended(local_agent) == (before[0] + 1, before[1])
    # A server (1.9.12) that deletes a room closes the agent's connection itself, and mostly has written down that the agent
    # left before it can hear from the agent.
    assert livekit.ended_as(job) in [("JS_SUCCESS", ""), ("JS_FAILED", "agent worker left the room")]


def test_a_dispatch_that_is_withdrawn_ends_the_job_as_success_and_leaves_the_room(in_room, livekit, local_agent):
    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20)
        async with api.LiveKitAPI() as server:
            (dispatch,) = [
                each
                for each in await server.agent_dispatch.list_dispatch(caller.room.name)
                if each.agent_name == local_agent.agent
            ]
            await server.agent_dispatch.delete_dispatch(dispatch.id, caller.room.name)
        alone = await caller.wait_for(lambda: not caller.room.remote_participants, 10)
        return caller.job, alone

    job, alone = in_room(scenario, local_agent)
    assert alone, "the agent stays"
    assert livekit.ended_as(job) == ("JS_SUCCESS", "")


def _ended(worker):
    return worker.ended("success"), worker.ended("failed")


def test_a_burst_of_twenty_rooms_gets_twenty_agents(livekit, tone_agent):
    async def one(number: int) -> bool:
        caller = Participant(f"caller-{number}")
        await caller.join(f"burst-{time.monotonic_ns()}-{number}", agent=tone_agent.agent)
        try:
            return await caller.wait_for(lambda: caller.agent_track is not None, 30)
        finally:
            await caller.leave()

    async def burst():
        return await asyncio.gather(*(one(number) for number in range(20)))

    tone_agent.wait_until_idle()
    before = tone_agent.ended("success")
    assert asyncio.run(burst()) == [True] * 20
    assert eventually(lambda: tone_agent.ended("success") == before + 20)


def test_the_older_signalling_path_with_two_connections_works_too(in_room, livekit, local_agent, start_worker, speech):
    async def scenario(caller):
        await ask(caller, speech(QUESTION))
        return caller.agent_said()[-1], caller.agent_identity

    older = start_worker("config/default.toml", COLLOQUY__LIVEKIT__SINGLE_PEER_CONNECTION="false")
    for worker, is_single in [(older, False), (local_agent, True)]:
        answer, identity = in_room(scenario, worker)
        assert "5" in answer or "five" in answer, answer
        joined = [each["participantInit"] for each in livekit.told("starting RTC session") if each["participant"] == identity]
        assert [each["UseSinglePeerConnection"] for each in joined] == [is_single]


def test_a_call_survives_a_restart_of_the_server(tmp_path, start_worker, speech, in_room):
    server = LiveKit(tmp_path)
    server.start()
    try:
        worker = start_worker("config/default.toml", on=server)

        async def scenario(caller):
            await ask(caller, speech(QUESTION))
            before, agent = len(caller.agent_said()), caller.agent_identity
            reconnected = asyncio.Event()
            caller.room.on("reconnected", reconnected.set)
            await asyncio.to_thread(server.restart)
            await asyncio.wait_for(reconnected.wait(), 40)
            for _ in range(4):  # the agent may come back a little later than the caller
                await caller.speak(speech(QUESTION))
                if await caller.wait_for(lambda: len(caller.agent_said()) > before, 10):
                    break
            await caller.wait_until_silent(quiet=2.0, limit=30)
            return agent, list(caller.room.remote_participants), caller.agent_said()[before:]

        # By the API, since a token that asks for an agent asks again when it makes the room anew.
        agent, here, answers = in_room(scenario, worker, on=server, by_token=False)
        assert answers, "nobody answered after the restart"
        assert here == [agent], "it is the same call, and there is no other"
    finally:
        server.stop()


def _finals(caller):
    return [(who, text) for _, who, text, attributes in caller.transcripts if attributes.get("lk.transcription_final") == "true"]
