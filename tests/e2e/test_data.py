"""Our data channel beside other clients: the example `mirror` of agent/rtc gives back what Python and Chromium send."""
import asyncio
import contextlib
import os
import random
import subprocess
import uuid

import pytest
from conftest import ROOT, chromium
from livekit import rtc
from participant import access_token
from playwright.sync_api import sync_playwright

CLIENT = ROOT / "backend/web/node_modules/livekit-client/dist/livekit-client.umd.js"
LONG = "".join(f"{number} ünï→😀 " for number in range(6000))  # 129 kB, more than eight chunks, characters of every length
NOISE = random.Random(7).randbytes(100_000)


@pytest.fixture
def mirror(livekit, folder):
    """The name of a room in which the mirror is."""
    room = f"mirror-{uuid.uuid4().hex[:8]}"
    program = os.path.join(os.path.dirname(os.environ["COLLOQUY_AGENT"]), "examples", "mirror")
    with open(folder / "mirror.log", "ab") as log:
        child = subprocess.Popen([program, livekit.url, access_token(room, "mirror")], stdout=subprocess.PIPE, stderr=log)
    try:
        assert child.stdout.readline() == b"joined\n", (folder / "mirror.log").read_text()
        yield room
        assert child.poll() is None, (folder / "mirror.log").read_text()
    finally:
        child.kill()
        child.wait()


@contextlib.asynccontextmanager
async def someone(room: str, prepare=lambda room: None):
    """A participant of the Python client. The mirror may not have heard of it yet; `client.met` is set when it has."""
    client = rtc.Room()
    client.met = asyncio.Event()
    client.register_text_stream_handler("met", lambda *_: client.met.set())
    prepare(client)
    await client.connect(os.environ["LIVEKIT_URL"], access_token(room, "someone"))
    try:
        yield client
    finally:
        await client.disconnect()


async def soon(future):
    return await asyncio.wait_for(future, 15)


@pytest.mark.parametrize("topic", ["whole", "pieces"])
@pytest.mark.parametrize("text", ["", "hello", LONG], ids=["empty", "short", "long"])
def test_a_text_comes_back_to_python_as_it_went(mirror, topic, text):
    async def session():
        got = asyncio.get_running_loop().create_future()

        def prepare(room):
            async def read(reader):
                got.set_result((await reader.read_all(), dict(reader.info.attributes or {})))

            room.register_text_stream_handler(topic, lambda reader, _: asyncio.ensure_future(read(reader)))

        async with someone(mirror, prepare) as client:
            await client.local_participant.send_text(text, topic=topic, attributes={"for": "you"})
            return await soon(got)

    assert asyncio.run(session()) == (text, {"for": "you"})


@pytest.mark.parametrize("topic", ["whole", "pieces"])
def test_bytes_come_back_to_python_as_they_went(mirror, topic, tmp_path):
    file = tmp_path / "noise.bin"
    file.write_bytes(NOISE)

    async def session():
        got = asyncio.get_running_loop().create_future()

        def prepare(room):
            async def read(reader):
                got.set_result((b"".join([bytes(piece) async for piece in reader]), reader.info.name, reader.info.mime_type))

            room.register_byte_stream_handler(topic, lambda reader, _: asyncio.ensure_future(read(reader)))

        async with someone(mirror, prepare) as client:
            await client.local_participant.send_file(str(file), topic=topic)
            return await soon(got)

    content, name, mime_type = asyncio.run(session())
    assert content == NOISE
    assert (name, mime_type) == ("noise.bin", "application/octet-stream")


def test_a_stream_that_grows_comes_back_to_python_while_it_grows(mirror):
    async def session():
        pieces, first = [], asyncio.Event()

        def prepare(room):
            async def read(reader):
                async for piece in reader:
                    pieces.append(piece)
                    first.set()

            room.register_text_stream_handler("pieces", lambda reader, _: asyncio.ensure_future(read(reader)))

        async with someone(mirror, prepare) as client:
            writer = await client.local_participant.stream_text(topic="pieces")
            await writer.write("one ")
            await soon(first.wait())  # before the stream has ended
            await writer.write("two")
            await writer.aclose()
            deadline = asyncio.get_running_loop().time() + 10
            while "".join(pieces) != "one two" and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.05)
            return "".join(pieces)

    assert asyncio.run(session()) == "one two"


@pytest.mark.parametrize("payload", ["héllo", LONG], ids=["short", "long"])
def test_procedures_run_both_ways_with_python(mirror, payload):
    async def session():
        async with someone(mirror) as client:
            if payload is LONG:  # of a stranger nobody knows whether it takes streams
                await soon(client.met.wait())
            us = client.local_participant
            us.register_rpc_method("echo", lambda request: request.payload[::-1])

            def call(method):
                return soon(us.perform_rpc(destination_identity="mirror", method=method, payload=payload, response_timeout=10))

            shouted, called = await call("shout"), await call("call-me")
            errors = []
            for method in ["fail", "nobody-knows-this"]:
                with pytest.raises(rtc.RpcError) as error:
                    await call(method)
                errors.append((error.value.code, error.value.message))
            return shouted, called, errors

    shouted, called, errors = asyncio.run(session())
    assert shouted == payload.upper()
    assert called == payload[::-1]
    assert errors[0] == (7, "it fails")
    assert errors[1][0] == 1400


def test_touch_tones_and_plain_data_come_back_to_python(mirror):
    async def session():
        loop = asyncio.get_running_loop()
        tone, packets = loop.create_future(), {True: loop.create_future(), False: loop.create_future()}

        def prepare(room):
            room.on("sip_dtmf_received", lambda it: tone.done() or tone.set_result(it.digit))
            kinds = {rtc.DataPacketKind.KIND_RELIABLE: True, rtc.DataPacketKind.KIND_LOSSY: False}
            room.on("data_received", lambda it: packets[kinds[it.kind]].done() or packets[kinds[it.kind]].set_result((it.data, it.topic)))

        async with someone(mirror, prepare) as client:
            us = client.local_participant
            await us.publish_dtmf(code=9, digit="9")
            for reliable, packet in packets.items():
                for _ in range(10):  # what is lossy may be lost
                    await us.publish_data(b"\x00\xffdata", reliable=reliable, topic="any")
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(asyncio.shield(packet), 1)
                        break
            return await soon(tone), [await soon(packet) for packet in packets.values()]

    tone, packets = asyncio.run(session())
    assert tone == "*"
    assert packets == [(b"\x00\xffdata", "any")] * 2


IN_A_BROWSER = """
async ({ url, token, long }) => {
  const { Room, RoomEvent } = LivekitClient;
  const room = new Room();
  const within = (promise, what) => Promise.race([
    promise, new Promise((_, reject) => setTimeout(() => reject(new Error(what + ': nothing came back')), 15000)),
  ]);
  const next = (event) => new Promise((resolve) => room.once(event, (...all) => resolve(all)));
  const stream = (kind, topic) => new Promise((resolve) => room['register' + kind + 'StreamHandler'](topic, async (reader) => {
    const content = await reader.readAll();
    resolve({ content, info: reader.info });
  }));
  room.registerRpcMethod('echo', async ({ payload }) => [...payload].reverse().join(''));
  await room.connect(url, token);
  const us = room.localParticipant, found = {};
  while (!room.remoteParticipants.has('mirror')) await within(next(RoomEvent.ParticipantConnected), 'mirror');

  const whole = stream('Text', 'whole');
  await us.sendText(long, { topic: 'whole', attributes: { for: 'you' } });
  const text = await within(whole, 'text');
  found.text = text.content === long && text.info.attributes.for === 'you';

  const pieces = stream('Text', 'pieces');
  const writer = await us.streamText({ topic: 'pieces' });
  await writer.write('one ');
  await writer.write('two');
  await writer.close();
  found.pieces = (await within(pieces, 'pieces')).content;

  const bytes = new Uint8Array(100000).map((_, n) => n * 7919 >> 3);
  const file = stream('Byte', 'whole');
  await us.sendFile(new File([bytes], 'noise.bin', { type: 'application/x-noise' }), { topic: 'whole' });
  const back = await within(file, 'bytes');
  const joined = new Uint8Array(await new Blob(back.content).arrayBuffer());
  found.bytes = joined.length === bytes.length && joined.every((byte, n) => byte === bytes[n]);
  found.file = [back.info.name, back.info.mimeType];

  const call = (method, payload) =>
    within(us.performRpc({ destinationIdentity: 'mirror', method, payload, responseTimeout: 10000 }), method);
  found.shout = await call('shout', 'hello');
  found.shoutedLong = (await call('shout', long)) === long.toUpperCase();
  found.called = await call('call-me', 'abc');
  found.errors = [];
  for (const method of ['fail', 'nobody-knows-this']) await call(method, '').catch((error) => found.errors.push(error.code));

  const tone = next(RoomEvent.SipDTMFReceived);
  await us.publishDtmf(9, '9');
  found.tone = (await within(tone, 'tone'))[0].digit;

  const packet = next(RoomEvent.DataReceived);
  await us.publishData(new Uint8Array([0, 255]), { reliable: true, topic: 'any' });
  const [data, , , topic] = await within(packet, 'data');
  found.data = [[...data], topic];
  await room.disconnect();
  return found;
}
"""


def test_everything_comes_back_to_a_browser(mirror, livekit):
    with sync_playwright() as playwright, chromium(playwright) as browser:
        page = browser.new_page()
        page.goto(f"{livekit.http}/")  # any page of the loopback: the browser lets no other reach a server there
        page.add_script_tag(path=str(CLIENT))
        found = page.evaluate(IN_A_BROWSER, {"url": livekit.url, "token": access_token(mirror, "browser"), "long": LONG})
    assert found == {
        "text": True,
        "pieces": "one two",
        "bytes": True,
        "file": ["noise.bin", "application/x-noise"],
        "shout": "HELLO",
        "shoutedLong": True,
        "called": "cba",
        "errors": [7, 1400],
        "tone": "*",
        "data": [[0, 255], "any"],
    }
