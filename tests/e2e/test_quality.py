"""What a client shows of the agent's connection."""
from livekit import rtc
from test_call import ask, QUESTION

GOOD = {rtc.ConnectionQuality.QUALITY_GOOD, rtc.ConnectionQuality.QUALITY_EXCELLENT}


def test_an_agent_that_listens_is_not_shown_as_badly_connected(in_room, local_agent, speech):
    """The server judges every 5 s what came in the last; of one that has spoken and sends nothing it thinks ill."""

    async def scenario(caller):
        judged = []
        caller.room.on("connection_quality_changed", lambda who, quality: judged.append((who.identity, quality)))
        await ask(caller, speech(QUESTION))
        await caller.silence(16)
        return [quality for who, quality in judged if who != caller.identity]

    judged = in_room(scenario, local_agent)
    assert judged and judged[-1] in GOOD, judged


def test_what_a_room_counted_can_be_read_once_it_is_left(in_room, local_agent, speech):
    local_agent.wait_until_idle()
    before = local_agent.metrics()

    async def scenario(caller):
        await ask(caller, speech(QUESTION))

    in_room(scenario, local_agent)
    local_agent.wait_until_idle()
    after = local_agent.metrics()

    def counted(series: str) -> float:
        return after[series] - before[series]

    assert counted('colloquy_spoken_frames_total{fate="sent"}') > 50
    assert counted('colloquy_heard_packets_total{fate="received"}') > 50
    assert counted('colloquy_room_malformed_total{what="datagram"}') == 0
