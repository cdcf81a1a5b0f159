"""A person with a browser: the playground page in Chromium, with a file in place of the microphone."""
import base64
import contextlib
import os
import pathlib
import subprocess

from conftest import ROOT, LiveKit, Process, Worker, chromium, free_ports, recognise, share_heard
from participant import LOUD, RATE, read_speech, rms, write_wav
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


# Whether the page shows this question, as what was said and will not change.
ASKED = """
(question) => [...document.querySelectorAll('#transcript li.user:not(.interim)')]
  .some((item) => item.textContent.toLowerCase().startsWith(question))
"""


@contextlib.contextmanager
def playground(folder: pathlib.Path, config: str, **settings: str):
    """The page's address. A server of its own has an agent that comes to every room, since a browser's token names none."""
    server = LiveKit(folder)
    worker = Worker(folder, server, ROOT / config, {"COLLOQUY__WORKER__AGENT_NAME": ""} | settings)
    (port,) = free_ports(1)
    assets = ROOT / "backend/web/node_modules/livekit-client/dist"
    command = [os.environ["COLLOQUY_AGENT"], "playground", "--bind", f"127.0.0.1:{port}", "--assets", assets]
    page = Process("playground", command, folder / "playground.log", {"LIVEKIT_URL": server.url})
    with contextlib.ExitStack() as stop:
        for process in (server, worker, page):
            process.start()
            stop.callback(process.stop)
        url = f"http://127.0.0.1:{port}/"
        page.wait_until_healthy(url)
        yield url


@contextlib.contextmanager
def a_call(url: str, microphone: pathlib.Path):
    """The page in a call, with this file in place of the microphone, again and again; and the page's errors."""
    with sync_playwright() as playwright, chromium(playwright, f"--use-file-for-fake-audio-capture={microphone}") as browser:
        page = browser.new_page(viewport={"width": 900, "height": 700})
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(url)
        page.evaluate(LISTEN)
        page.click("#connect")
        yield page, problems


def test_the_page_is_answered_and_shows_the_conversation(speech, tmp_path):
    microphone = tmp_path / "microphone.wav"
    # Silence while the page connects and the agent greets, the question, silence for the answer; and all of it again, for a
    # machine on which the page was not there yet.
    write_wav(str(microphone), bytes(2 * RATE * 12) + speech(QUESTION) + bytes(2 * RATE * 20))
    with playground(tmp_path, "config/default.toml") as url, a_call(url, microphone) as (page, problems):
        page.wait_for_selector("#state[data-state='listening']", timeout=40_000)
        page.wait_for_function(ASKED, arg=QUESTION, timeout=90_000)
        expect(page.locator("#latency")).to_contain_text("answered after", timeout=20_000)
        page.wait_for_selector("#state[data-state='listening']", timeout=30_000)
        page.wait_for_timeout(500)
        page.screenshot(path=str(tmp_path / "playground.png"))
        kept = page.evaluate(TAKE)
        lines = page.eval_on_selector_all("#transcript li", "items => items.map(item => [item.className, item.textContent])")
        page.click("#connect")
    assert not problems
    asked = next(index for index, (who, words) in enumerate(lines) if who == "user" and words.lower().startswith(QUESTION))
    answer = next((text for who, text in lines[asked:] if who == "agent"), "")
    assert answer, lines
    assert kept["states"][-3:] == ["thinking", "speaking", "listening"], kept["states"]
    heard = recognise(_save(tmp_path, kept))
    assert share_heard(answer, heard) >= 0.6, f"said {answer!r}, heard {heard}"


def test_speaking_over_the_agent_in_the_page_silences_it(speech, tmp_path):
    microphone = tmp_path / "microphone.wav"
    # The answer is a tone of twenty seconds; five seconds after what it answers, somebody speaks again.
    over = speech("stop now please and listen to me for a moment")
    write_wav(
        str(microphone),
        bytes(2 * RATE * 12) + speech("please tell me a long story") + bytes(2 * RATE * 5) + over + bytes(2 * RATE * 20),
    )
    with (
        playground(tmp_path, "config/examples/bench.toml", COLLOQUY__TTS__FAKE__LENGTH_MS="20000") as url,
        a_call(url, microphone) as (page, problems),
    ):
        page.wait_for_selector("#state[data-state='speaking']", timeout=60_000)
        page.wait_for_function("() => document.querySelectorAll('#transcript li.user:not(.interim)').length > 1", timeout=40_000)
        page.wait_for_timeout(1_000)
        kept = page.evaluate(TAKE)
        page.click("#connect")
    assert not problems
    lasted = first_sound(read_speech(str(_save(tmp_path, kept))))
    assert 1 < lasted < 5 + len(over) / (2 * RATE), f"{lasted:.1f} s of the answer were heard; {kept['states']}"
    assert kept["states"].index("listening", kept["states"].index("speaking")), kept["states"]


def first_sound(samples: bytes) -> float:
    """How many seconds the first sound lasts that silence follows for at least 400 ms."""
    frame = 2 * RATE // 50
    loud = [n for n in range(len(samples) // frame) if rms(samples[n * frame : (n + 1) * frame]) > LOUD]
    assert loud, "nothing was heard"
    last = next((n for n, following in zip(loud, [*loud[1:], loud[-1] + 50]) if following - n > 20), loud[-1])
    return (last - loud[0] + 1) / 50


def _save(folder, kept):
    raw, path = folder / "browser.raw", folder / "browser.wav"
    raw.write_bytes(base64.b64decode(kept["audio"]))
    subprocess.run(["sox", "-t", "raw", "-r", str(int(kept["rate"])), "-e", "signed", "-b", "16", "-c", "1", str(raw), str(path)], check=True)
    return path
