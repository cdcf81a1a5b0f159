"""What programs in a room may ask a call on `lk.agent.session`: those whose token says so, and nobody else."""
import asyncio

import pytest
from livekit import api
from livekit.protocol.agent_pb import agent_session as wire
from remote import Remote

ATTRIBUTE = "colloquy.desk"
PING = {"ping": wire.SessionRequest.Ping()}


@pytest.fixture(scope="module")
def worker(start_worker):
    """The agent of the benchmark, which programs with the attribute may ask."""
    return start_worker("config/examples/bench.toml", COLLOQUY__REMOTE__ATTRIBUTE=ATTRIBUTE)


def counted(worker, outcome: str) -> float:
    return worker.metrics()[f'colloquy_remote_requests_total{{outcome="{outcome}"}}']


async def unanswered(remote: Remote) -> bool:
    try:
        await remote.ask(limit=1.5, **PING)
    except asyncio.TimeoutError:
        return True
    return False


def test_a_program_whose_token_says_so_asks_follows_and_has_words_answered(in_room, worker):
    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
        desk = await Remote("desk").join(caller.room.name, {ATTRIBUTE: "true"})
        assert (await desk.ask(**PING)).HasField("pong")
        info = (await desk.ask(get_agent_info=wire.SessionRequest.GetAgentInfo())).get_agent_info
        before = len(caller.agent_said())
        asked = asyncio.ensure_future(desk.ask(run_input=wire.SessionRequest.RunInput(text="What is the time?")))
        await caller.wait_for(asked.done, 15)
        ran = asked.result()
        await caller.wait_for(lambda: len(caller.agent_said()) > before, 5)
        history = (await desk.ask(get_chat_history=wire.SessionRequest.GetChatHistory())).get_chat_history
        state = (await desk.ask(get_session_state=wire.SessionRequest.GetSessionState())).get_session_state
        refused = await desk.ask(update_io=wire.SessionRequest.UpdateIO())
        await desk.leave()
        return desk, info, ran, history, state, refused, caller.agent_said()[before:]

    desk, info, ran, history, state, refused, heard = in_room(scenario, worker)

    assert info.id == state.agent_id and info.id and info.instructions, info
    (answer,) = [item.message for item in ran.run_input.items]
    assert not ran.error and answer.role == wire.ASSISTANT and answer.created_at.seconds > 0
    assert heard == [answer.content[0].text], "what was answered to the program was said to the caller"
    said = [item.message for item in history.items if item.HasField("message")]
    assert [message.role for message in said[-2:]] == [wire.USER, wire.ASSISTANT]
    assert said[-2].content[0].text == "What is the time?" and said[-1].id == answer.id
    assert "not served" in refused.error
    states = [change.new_state for change in desk.told("agent_state_changed")]
    assert [wire.AS_THINKING, wire.AS_SPEAKING] == [s for s in states if s != wire.AS_LISTENING][:2], states
    added = [event.item.message.id for event in desk.told("conversation_item_added")]
    assert answer.id in added, "items have the same names in news, answers and history"


def test_nobody_else_is_answered_or_told_anything_whatever_they_say_of_themselves(in_room, worker):
    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
        stranger = await Remote("stranger").join(caller.room.name, {})
        pretender = await Remote("pretender").join(caller.room.name, {}, may_change_them=True)
        await pretender.room.local_participant.set_attributes({ATTRIBUTE: "true"})
        await asyncio.sleep(0.5)
        silent = [await unanswered(each) for each in (stranger, pretender)]
        await caller.speak(b"\1\20" * 24000)
        answered = await caller.wait_for(lambda: caller.last_audible > 0, 15)
        told = [len(each.events) for each in (stranger, pretender)]
        for each in (stranger, pretender):
            await each.leave()
        return silent, told, answered

    refused, answered = counted(worker, "refused"), counted(worker, "answered")
    silent, told, _ = in_room(scenario, worker)
    assert silent == [True, True] and told == [0, 0]
    assert counted(worker, "refused") == refused + 2 and counted(worker, "answered") == answered


def test_what_somebody_said_of_themselves_is_not_their_tokens_word_when_they_may_say_no_more(in_room, worker):
    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
        pretender = await Remote("pretender").join(caller.room.name, {}, may_change_them=True)
        await pretender.room.local_participant.set_attributes({ATTRIBUTE: "true"})
        known = lambda: caller.room.remote_participants.get("pretender")
        assert await caller.wait_for(lambda: known() and known().attributes.get(ATTRIBUTE) == "true", 10)
        no_more = api.ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_data=True)
        async with api.LiveKitAPI() as server:
            changed = await server.room.update_participant(
                api.UpdateParticipantRequest(room=caller.room.name, identity="pretender", permission=no_more)
            )
        assert changed.attributes[ATTRIBUTE] == "true" and not changed.permission.can_update_metadata
        await asyncio.sleep(3.5)  # A server gathers news of those who publish nothing for up to three seconds.
        silent = await unanswered(pretender)
        await pretender.leave()
        return silent, len(pretender.events)

    refused = counted(worker, "refused")
    assert in_room(scenario, worker) == (True, 0)
    assert counted(worker, "refused") == refused + 1


def test_what_makes_no_sense_is_counted_and_too_much_is_refused(in_room, worker):
    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
        desk = await Remote("desk").join(caller.room.name, {ATTRIBUTE: "true"})
        await desk.ask(**PING)
        await desk.send(b"\xff\xff\xff")
        await desk.send(b"x" * 100_000)
        # A participant may have sixteen streams open at once; one more is not a request.
        door = asyncio.Semaphore(8)

        async def ping():
            async with door:
                return await desk.ask(**PING)

        answers = await asyncio.gather(*[ping() for _ in range(300)])
        await asyncio.sleep(1.5)
        after = await desk.ask(**PING)
        await desk.leave()
        return answers, after

    malformed, limited = counted(worker, "malformed"), counted(worker, "limited")
    answers, after = in_room(scenario, worker)
    errors = [answer.error for answer in answers if answer.error]
    assert errors and set(errors) == {"too many requests in a second"}
    assert after.HasField("pong"), "it is taken again when time has passed"
    assert counted(worker, "malformed") == malformed + 1
    assert counted(worker, "limited") == limited + 1 + len(errors)


def test_a_worker_that_is_not_told_to_serves_nobody(in_room, tone_agent):
    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
        desk = await Remote("desk").join(caller.room.name, {ATTRIBUTE: "true"})
        silent = await unanswered(desk)
        await desk.leave()
        return silent, len(desk.events)

    assert in_room(scenario, tone_agent) == (True, 0)
    assert all(value == 0 for name, value in tone_agent.metrics().items() if name.startswith("colloquy_remote_"))
