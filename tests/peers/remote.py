"""A program that asks an agent's call on `lk.agent.session` and follows it, made with the Python client and LiveKit's own messages."""
import asyncio
import datetime
import os
import uuid

from livekit import api, rtc
from livekit.protocol.agent_pb import agent_session as wire

TOPIC = "lk.agent.session"


def token(room: str, identity: str, attributes: dict[str, str], may_change_them: bool) -> str:
    grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=may_change_them)
    return (
        api.AccessToken(os.environ["LIVEKIT_API_KEY"], os.environ["LIVEKIT_API_SECRET"])
        .with_identity(identity)
        .with_ttl(datetime.timedelta(hours=1))
        .with_attributes(attributes)
        .with_grants(grants)
        .to_jwt()
    )


class Remote:
    """Asks the one agent of a room, and keeps what it is told."""

    def __init__(self, identity: str):
        self.identity = identity
        self.room = rtc.Room()
        self.events: list[wire.AgentSessionEvent] = []
        self._answers: dict[str, asyncio.Future] = {}
        self._tasks: set[asyncio.Task] = set()

    async def join(self, room: str, attributes: dict[str, str], may_change_them: bool = False) -> "Remote":
        self.room.register_byte_stream_handler(TOPIC, self._on_stream)
        await self.room.connect(os.environ["LIVEKIT_URL"], token(room, self.identity, attributes, may_change_them))
        return self

    async def leave(self) -> None:
        await self.room.disconnect()

    async def ask(self, limit: float = 15.0, **request) -> wire.SessionResponse:
        """Asks, such as `ask(ping=wire.SessionRequest.Ping())`; a TimeoutError when there is no answer."""
        key = uuid.uuid4().hex
        self._answers[key] = asyncio.get_running_loop().create_future()
        asked = wire.AgentSessionMessage(request=wire.SessionRequest(request_id=key, **request))
        await self.send(asked.SerializeToString())
        return await asyncio.wait_for(self._answers[key], limit)

    async def send(self, content: bytes) -> None:
        writer = await self.room.local_participant.stream_bytes(name="AS_test", topic=TOPIC)
        await writer.write(content)
        await writer.aclose()

    def told(self, kind: str) -> list:
        """The events of this kind, in order."""
        return [getattr(event, kind) for event in self.events if event.WhichOneof("event") == kind]

    def _on_stream(self, reader, _who: str) -> None:
        task = asyncio.ensure_future(self._read(reader))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, reader) -> None:
        message = wire.AgentSessionMessage.FromString(b"".join([chunk async for chunk in reader]))
        if message.HasField("event"):
            self.events.append(message.event)
        elif (answer := self._answers.get(message.response.request_id)) and not answer.done():
            answer.set_result(message.response)
