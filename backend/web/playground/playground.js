// The playground: a LiveKit room with one agent, through livekit-client as it is published.
// It relies on the conventions that every LiveKit agent keeps: `lk.agent.state`, `lk.transcription`, `lk.chat`.
'use strict';

const { Room, RoomEvent, Track, ParticipantKind, ConnectionState, createAudioAnalyser } = LivekitClient;
const byId = (id) => document.getElementById(id);
const lines = new Map(); // segment id → list item
let room = null;
let meters = null;
let ears = {}; // 'user' and 'agent' → analyser of that track

byId('room').value = new URLSearchParams(location.search).get('room') ?? `playground-${Math.random().toString(36).slice(2, 8)}`;
byId('connect').addEventListener('click', () => (room ? hangUp() : call()));
byId('mute').addEventListener('click', toggleMute);
byId('chat').addEventListener('submit', sendMessage);

async function call() {
  notice('');
  setState('connecting');
  byId('connect').disabled = true;
  try {
    const { url, token } = await ticket(byId('room').value.trim());
    room = new Room({ webAudioMix: false });
    listen(room);
    await room.connect(url, token);
    await room.localParticipant.setMicrophoneEnabled(true);
    setConnected(true);
    if (!agent()) setState('waiting for an agent');
  } catch (error) {
    notice(error.message);
    await hangUp();
  } finally {
    byId('connect').disabled = false;
  }
}

async function ticket(name) {
  const response = await fetch(`api/token?room=${encodeURIComponent(name)}`);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

async function hangUp() {
  const leaving = room;
  room = null;
  await leaving?.disconnect();
  Object.values(ears).forEach((ear) => ear.cleanup());
  ears = {};
  setConnected(false);
  setState('disconnected');
}

function listen(room) {
  room.on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
    if (track.kind !== Track.Kind.Audio) return;
    const element = track.attach();
    element.dataset.participant = participant.identity;
    document.body.append(element);
    if (participant.kind === ParticipantKind.AGENT) hear('agent', track);
  });
  room.on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()));
  room.on(RoomEvent.LocalTrackPublished, ({ track }) => track?.kind === Track.Kind.Audio && hear('user', track));
  room.on(RoomEvent.ParticipantAttributesChanged, showAgentState);
  room.on(RoomEvent.ParticipantConnected, showAgentState);
  room.on(RoomEvent.ParticipantDisconnected, (participant) => {
    if (participant.kind === ParticipantKind.AGENT) setState('the agent has left');
  });
  room.on(RoomEvent.ConnectionStateChanged, (state) => {
    byId('connection').textContent = state;
    if (state === ConnectionState.Disconnected && room === window.colloquy?.room) hangUp();
  });
  room.registerTextStreamHandler('lk.transcription', (reader, { identity }) => showTranscript(room, reader, identity));
  window.colloquy = { room };
}

function agent() {
  return [...(room?.remoteParticipants.values() ?? [])].find((participant) => participant.kind === ParticipantKind.AGENT);
}

function showAgentState() {
  const state = agent()?.attributes['lk.agent.state'];
  if (state) setState(state);
}

// The agent's words come as one growing stream a segment; the user's as whole texts that replace each other.
async function showTranscript(room, reader, identity) {
  const { 'lk.segment_id': segment, 'lk.transcription_final': final } = reader.info.attributes ?? {};
  const mine = identity === room.localParticipant.identity;
  const item = line(segment ?? reader.info.id, mine ? 'user' : 'agent');
  let text = '';
  try {
    for await (const piece of reader) {
      text += piece;
      item.textContent = text;
      byId('transcript').scrollTop = byId('transcript').scrollHeight;
    }
  } catch (error) {
    // A call that ends within somebody's words: what came of them stays.
    if (room.state !== ConnectionState.Disconnected) throw error;
  }
  if (!text) item.textContent = text;
  item.classList.toggle('interim', mine && final !== 'true');
}

function line(segment, who) {
  let item = lines.get(segment);
  if (!item) {
    item = document.createElement('li');
    item.className = who;
    item.dataset.segment = segment;
    byId('transcript').append(item);
    lines.set(segment, item);
  }
  return item;
}

async function sendMessage(event) {
  event.preventDefault();
  const text = byId('message').value.trim();
  if (!text || !room) return;
  byId('message').value = '';
  line(`chat-${performance.now()}`, 'user').textContent = text;
  await room.localParticipant.sendText(text, { topic: 'lk.chat' });
}

async function toggleMute() {
  const enable = !room.localParticipant.isMicrophoneEnabled;
  await room.localParticipant.setMicrophoneEnabled(enable);
  byId('mute').textContent = enable ? 'Mute' : 'Unmute';
  byId('mute').setAttribute('aria-pressed', String(!enable));
}

function setConnected(connected) {
  byId('connect').textContent = connected ? 'Hang up' : 'Call';
  byId('room').disabled = connected;
  for (const id of ['mute', 'message', 'send']) byId(id).disabled = !connected;
  clearInterval(meters);
  meters = connected ? setInterval(measure, 50) : null;
}

function hear(who, track) {
  ears[who]?.cleanup();
  ears[who] = createAudioAnalyser(track, { fftSize: 512, smoothingTimeConstant: 0 });
}

const SPEAKING = 0.1; // volume, 0 to 1, that counts as sound
let spokeAt = 0;
let awaiting = false;

// Volumes twenty times a second, and the wait between the end of the user's speech and the agent's first sound.
function measure() {
  const now = performance.now();
  const user = ears.user?.calculateVolume() ?? 0;
  const agentLevel = ears.agent?.calculateVolume() ?? 0;
  byId('level-user').value = user;
  byId('level-agent').value = agentLevel;
  if (user > SPEAKING) [spokeAt, awaiting] = [now, true];
  if (awaiting && agentLevel > SPEAKING && now - spokeAt > 100) {
    awaiting = false;
    byId('latency').textContent = `answered after ${Math.round(now - spokeAt)} ms`;
  }
}

function setState(state) {
  byId('state').textContent = state;
  byId('state').dataset.state = state;
}

function notice(text) {
  byId('notice').textContent = text;
  byId('notice').hidden = !text;
}
