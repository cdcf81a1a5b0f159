"""A person with a browser: the playground page in Chromium, with a file in place of the microphone."""
import base64
import os
import re
import subprocess

import pytest
from conftest import ROOT, Process, chromium, free_ports, recognise, share_heard
from participant import RATE, write_wav
from playwright.sync_api import expect, sync_playwright

QUESTION = "what is two plus three"
# Keeps what the agent's track sounds like, and every state that the page shows.
LISTEN = """
window.kept = { states: [], pieces: [], rate: 0 };
new MutationObserver(() => kept.states.push(document.querySelector('#state').textContent))
  .observe(document.querySelector('#state'), { childList: true, characterData: true, subtree: true });
window.keep = (track) => {
  const context = new AudioContext();
  const node = context.createScriptProcessor(4096, 1, 1);
  kept.rate = context.sampleRate;
  node.onaudioprocess = ({ inputBuffer }) => kept.pieces.push(inputBuffer.getChannelData(0).slice());
  context.createMediaStreamSource(new MediaStream([track])).connect(node).connect(context.destination);
};
new MutationObserver((records) => records.flatMap((record) => [...record.addedNodes])
  .filter((node) => node.tagName === 'AUDIO').forEach((node) => keep(node.srcObject.getAudioTracks()[0])))
  .observe(document.body, { childList: true });
"""
TAKE = """
() => {
  const samples = new Int16Array(kept.pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of kept.pieces) for (const value of piece) samples[at++] = Math.max(-1, Math.min(1, value)) * 32767;
  let text = '';
  const bytes = new Uint8Array(samples.buffer);
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return { states: kept.states, rate: kept.rate, audio: btoa(text) };
}
"""


@pytest.fixture(scope="module")
def page_url(folder, start_worker):
    """The page, and an agent that comes to every room: a browser's token names none."""
    worker = start_worker("config/default.toml", COLLOQUY__WORKER__AGENT_NAME="")
    (port,) = free_ports(1)
    assets = ROOT / "backend/web/node_modules/livekit-client/dist"
    command = [os.environ["COLLOQUY_AGENT"], "playground", "--bind", f"127.0.0.1:{port}", "--assets", assets]
    server = Process("playground", command, folder / "playground.log", {"LIVEKIT_URL": os.environ["LIVEKIT_URL"]})
    server.start()
    url = f"http://127.0.0.1:{port}/"
    server.wait_until_healthy(url)
    assert worker.child.poll() is None
    yield url
    server.stop()


def test_the_page_is_answered_and_shows_the_conversation(page_url, speech, folder):
    microphone = folder / "microphone.wav"
    # Silence while the page connects and the agent greets, the question, then silence until the end.
    write_wav(str(microphone), bytes(2 * RATE * 12) + speech(QUESTION) + bytes(2 * RATE * 60))
    with sync_playwright() as playwright, chromium(playwright, f"--use-file-for-fake-audio-capture={microphone}%noloop") as browser:
        page = browser.new_page(viewport={"width": 900, "height": 700})
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(page_url)
        page.evaluate(LISTEN)
        page.click("#connect")
        page.wait_for_selector("#state[data-state='listening']", timeout=20_000)
        page.wait_for_selector("#transcript li.user:not(.interim)", timeout=40_000)
        expect(page.locator("#latency")).to_contain_text("answered after", timeout=20_000)
        page.wait_for_selector("#state[data-state='listening']", timeout=30_000)
        page.wait_for_timeout(500)
        page.screenshot(path=str(folder / "playground.png"))
        kept = page.evaluate(TAKE)
        lines = page.eval_on_selector_all("#transcript li", "items => items.map(item => [item.className, item.textContent])")
        page.click("#connect")
    assert not problems
    asked = next(index for index, (who, _) in enumerate(lines) if who == "user")
    assert re.sub(r"\W+$", "", lines[asked][1].lower()) == QUESTION, lines
    answer = next((text for who, text in lines[asked:] if who == "agent"), "")
    assert answer, lines
    assert kept["states"][-3:] == ["thinking", "speaking", "listening"], kept["states"]
    heard = recognise(_save(folder, kept))
    assert share_heard(answer, heard) >= 0.6, f"said {answer!r}, heard {heard}"


def _save(folder, kept):
    raw, path = folder / "browser.raw", folder / "browser.wav"
    raw.write_bytes(base64.b64decode(kept["audio"]))
    subprocess.run(["sox", "-t", "raw", "-r", str(int(kept["rate"])), "-e", "signed", "-b", "16", "-c", "1", str(raw), str(path)], check=True)
    return path
