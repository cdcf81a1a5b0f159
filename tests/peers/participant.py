"""One participant of a LiveKit room, made with the Python client: what every test and the caller share."""
import array
import asyncio
import datetime
import math
import os
import time
import warnings
import wave

from livekit import api, rtc

RATE = 48000
FRAME = 960  # samples: 20 ms
# livekit-server --dev has a secret of 6 bytes; the server says what it thinks of that.
warnings.filterwarnings("ignore", message="The HMAC key is")

LOUD = 300  # RMS, of 32768, from which a frame counts as audible


def read_speech(path: str) -> bytes:
    """The samples of a 16-bit PCM WAV file as 48 kHz mono."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: 16-bit samples wanted, these have {8 * file.getsampwidth()}")
        samples, rate, channels = file.readframes(file.getnframes()), file.getframerate(), file.getnchannels()
    if channels not in (1, 2):
        raise ValueError(f"{path}: one or two channels wanted, there are {channels}")
    if channels == 2:
        both = array.array("h", samples)
        samples = array.array("h", [(left + right) // 2 for left, right in zip(both[::2], both[1::2])]).tobytes()
    if rate == RATE:
        return samples
    resampler = rtc.AudioResampler(rate, RATE)
    frames = resampler.push(bytearray(samples)) + resampler.flush()
    return b"".join(bytes(frame.data) for frame in frames)


def write_wav(path: str, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes(samples)


def rms(samples: bytes) -> float:
    values = array.array("h", samples)
    return math.sqrt(sum(value * value for value in values) / max(1, len(values)))


def end_of_speech(samples: bytes) -> int:
    """Where in the samples, in bytes, the last that can be heard has ended; 0 when none can."""
    window = RATE // 500  # 2 ms
    for start in range((len(samples) // 2 - 1) // window * window, -1, -window):
        piece = samples[2 * start : 2 * (start + window)]
        if rms(piece) > LOUD:
            return 2 * start + len(piece)
    return 0


def access_token(room: str, identity: str, agent: str | None = None) -> str:
    """A caller's token; with `agent`, the room asks for that agent by name."""
    token = (
        api.AccessToken(os.environ["LIVEKIT_API_KEY"], os.environ["LIVEKIT_API_SECRET"])
        .with_identity(identity)
        .with_ttl(datetime.timedelta(hours=1))
        .with_grants(api.VideoGrants(room_join=True, room=room))
    )
    if agent is not None:
        token = token.with_room_config(api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=agent)]))
    return token.to_jwt()


class Participant:
    """Speaks, and keeps what it hears of the agent: samples, transcripts, states, and when each came."""

    def __init__(self, identity: str, log=None):
        self.identity = identity
        self.room = rtc.Room()
        self.heard = bytearray()  # 48 kHz mono, from the agent's first frame on
        self.loud_frames: list[tuple[float, bool]] = []  # (when heard, whether audible), one a 20 ms frame
        self.agent_track = None
        self.agent_identity: str | None = None
        self.states: list[tuple[float, str]] = []
        self.transcripts: list[tuple[float, str, str, dict]] = []  # when closed, whose, text, attributes
        self.answered_after: float | None = None
        self._spoke_until: float | None = None
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=100)
        self._tasks: set[asyncio.Task] = set()
        self._born = time.monotonic()
        self._log = log or (lambda *_: None)

    async def join(self, room: str, url: str | None = None, agent: str | None = None) -> None:
        self.room.on("track_subscribed", self._on_track)
        self.room.on("participant_attributes_changed", self._on_attributes)
        self.room.register_text_stream_handler("lk.transcription", lambda reader, who: self._keep(self._read(reader, who)))
        await self.room.connect(url or os.environ["LIVEKIT_URL"], access_token(room, self.identity, agent))
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self.publication = await self.room.local_participant.publish_track(track, options)

    async def leave(self) -> None:
        await self.room.disconnect()
        for task in self._tasks:
            task.cancel()

    async def speak(self, samples: bytes) -> None:
        """Plays the samples in real time; returns when the last was played. Speech ends with the last that can be heard."""
        self._spoke_until = None
        end = end_of_speech(samples)
        await self._play(samples[:end])
        self._spoke_until, self.answered_after = time.monotonic(), None
        await self._play(samples[end:])

    async def silence(self, seconds: float) -> None:
        """Sends silence in real time, as an open microphone does."""
        await self._play(bytes(2 * FRAME * int(seconds * RATE / FRAME)))

    async def wait_for(self, condition, limit: float) -> bool:
        """Sends silence until the condition holds; whether it did within the limit."""
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                return False
            await self.silence(0.06)
        return True

    async def wait_until_silent(self, quiet: float, limit: float) -> bool:
        """Sends silence until the agent has not been audible for `quiet` seconds."""
        begun = time.monotonic()
        return await self.wait_for(lambda: time.monotonic() - max(begun, self.last_audible) > quiet, limit)

    def silenced_at(self, since: float, lasting: float = 0.5) -> float | None:
        """When, after `since`, the agent fell silent for at least so long; None when it did not."""
        begun = None
        for when, loud in self.loud_frames:
            if loud or when < since:
                begun = None
            elif begun is None:
                begun = when
            elif when - begun >= lasting:
                return begun
        return None

    @property
    def last_audible(self) -> float:
        return next((when for when, loud in reversed(self.loud_frames) if loud), 0.0)

    @property
    def heard_seconds(self) -> float:
        return len(self.heard) / (2 * RATE)

    @property
    def job(self) -> str:
        """The job for which the agent came: a worker's agents are called by theirs."""
        return self.agent_identity.removeprefix("agent-")

    def said(self, who: str) -> list[str]:
        """The final texts of this participant's segments, in order."""
        segments: dict[str, str] = {}
        for _, speaker, text, attributes in self.transcripts:
            if speaker == who and attributes.get("lk.transcription_final") == "true":
                segments[attributes.get("lk.segment_id", "")] = text
        return list(segments.values())

    def agent_said(self) -> list[str]:
        return [text for _, who, text, attributes in self.transcripts if who != self.identity and text]

    def save(self, path: str) -> None:
        write_wav(path, bytes(self.heard))

    def note(self, *words) -> None:
        self._log(f"{time.monotonic() - self._born:7.3f}", *words)

    async def _play(self, samples: bytes) -> None:
        for start in range(0, len(samples), 2 * FRAME):
            piece = samples[start : start + 2 * FRAME].ljust(2 * FRAME, b"\0")
            await self._source.capture_frame(rtc.AudioFrame(piece, RATE, 1, FRAME))
        await self._source.wait_for_playout()

    def _keep(self, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_track(self, track, publication, participant) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO and participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            self.agent_track, self.agent_identity = publication.sid, participant.identity
            self.note("hears", participant.identity)
            self._keep(self._listen(track))

    def _on_attributes(self, changed, participant) -> None:
        if state := changed.get("lk.agent.state"):
            self.states.append((time.monotonic(), state))
            self.note("agent is", state)

    async def _listen(self, track) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=20)
        async for event in stream:
            samples, now = bytes(event.frame.data), time.monotonic()
            self.heard.extend(samples)
            loud = rms(samples) > LOUD
            self.loud_frames.append((now, loud))
            if loud and self._spoke_until is not None and self.answered_after is None:
                self.answered_after = now - self._spoke_until

    async def _read(self, reader, who: str) -> None:
        text = await reader.read_all()
        attributes = dict(reader.info.attributes or {})
        self.transcripts.append((time.monotonic(), who, text, attributes))
        if text and (who != self.identity or attributes.get("lk.transcription_final") == "true"):
            self.note(f"{who}: {text}")
