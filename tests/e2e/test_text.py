"""A session without sound: what is written is answered in writing, by an agent without a track."""
import asyncio

SILENT = {"COLLOQUY__AUDIO__INPUT": "false", "COLLOQUY__AUDIO__OUTPUT": "false"}


def test_a_written_question_is_answered_in_writing(in_room, start_worker, speech):
    worker = start_worker("config/default.toml", **SILENT)

    async def scenario(caller):
        assert await caller.wait_for(caller.agent_said, 20), "no greeting was written"
        greeting = len(caller.agent_said())
        await caller.room.local_participant.send_text("what is two plus three", topic="lk.chat")
        assert await caller.wait_for(lambda: len(caller.agent_said()) > greeting, 20), "no answer was written"
        written = caller.agent_said()[-1]
        # What is said aloud is not heard.
        await caller.speak(speech("what is two plus three"))
        await asyncio.sleep(2.0)
        return written, caller

    written, caller = in_room(scenario, worker)
    assert "5" in written, written
    assert caller.agent_track is None, "the agent has a track"
    assert not [text for _, who, text, _ in caller.transcripts if who == caller.identity], caller.transcripts
    states = [state for _, state in caller.states]
    assert states[-3:] == ["thinking", "speaking", "listening"], states
