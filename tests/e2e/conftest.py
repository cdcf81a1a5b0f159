"""What the end-to-end tests share: a real livekit-server, our worker, and a judge of what was heard."""
import asyncio
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "peers"))
KEY, SECRET = "devkey", "a-secret-of-the-tests-32-bytes-long"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago, for TCP and UDP alike."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Process:
    """A child process with a log, that is waited for until healthy, and stopped at the end."""

    def __init__(self, name: str, command: list[str], log: pathlib.Path, environment: dict[str, str] | None = None):
        self.name, self.command, self.log = name, [str(word) for word in command], log
        self.environment = os.environ | (environment or {})
        self.child: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment)

    def wait_until_healthy(self, url: str, limit: float = 30.0) -> None:
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                pytest.fail(f"{self.name} ended with {self.child.returncode}:\n{self.tail()}")
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
                return
            time.sleep(0.05)
        pytest.fail(f"{self.name} is not healthy at {url} after {limit} s:\n{self.tail()}")

    def stop(self, limit: float = 15.0) -> int:
        """Asks it to end (a second time half-way), and kills it when it does not; its exit code."""
        for _ in range(2):
            if self.child.poll() is None:
                self.child.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.child.wait(limit / 2)
        if self.child.poll() is None:
            self.child.kill()
        return self.child.wait()

    def tail(self, lines: int = 25) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class LiveKit(Process):
    def __init__(self, folder: pathlib.Path):
        self.port, tcp, udp = free_ports(3)
        self.url, self.http = f"ws://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.port}"
        config = folder / "livekit.yaml"
        config.write_text(
            f"port: {self.port}\nbind_addresses: [127.0.0.1]\n"
            f"rtc: {{node_ip: 127.0.0.1, tcp_port: {tcp}, udp_port: {udp}, use_external_ip: false, enable_loopback_candidate: true}}\n"
            f"room: {{empty_timeout: 10, departure_timeout: 2}}\n"
            f'keys: {{{KEY}: "{SECRET}"}}\nlogging: {{level: info}}\n'
        )
        super().__init__("livekit-server", [os.environ["LIVEKIT_SERVER"], "--config", config], folder / "livekit.log")

    def start(self) -> None:
        super().start()
        self.wait_until_healthy(self.http)

    def restart(self) -> None:
        self.child.kill()
        self.child.wait()
        self.start()

    def told(self, message: str) -> list[dict]:
        """The fields of every line of its log with this message, in order."""
        lines = [line.split("\t") for line in self.log.read_text(errors="replace").splitlines()]
        return [json.loads(line[-1]) for line in lines if len(line) > 2 and line[-2] == message]

    def ended_as(self, job: str) -> tuple[str, str] | None:
        """With which status and error the server has seen a job end; None while it has not. (What ListDispatch says of a job
        stays as it was when the job began.)"""
        return next(((each["status"], each["error"]) for each in self.told("job ended") if each["jobID"] == job), None)


class Worker(Process):
    """`colloquy-agent start`, or another program around it, with a configuration file, known to the server by a name of its own."""

    def __init__(
        self,
        folder: pathlib.Path,
        livekit: LiveKit,
        config: pathlib.Path,
        settings: dict[str, str] | None = None,
        program: str | pathlib.Path | None = None,
    ):
        (port,) = free_ports(1)
        self.agent = f"agent-{uuid.uuid4().hex[:6]}"
        self.http = f"http://127.0.0.1:{port}"
        environment = {
            "LIVEKIT_URL": livekit.url,
            "COLLOQUY__HTTP__BIND": f"127.0.0.1:{port}",
            "COLLOQUY__WORKER__AGENT_NAME": self.agent,
            # A job that the only worker declines because the machine is busy is lost.
            "COLLOQUY__WORKER__LOAD_THRESHOLD": "1",
        } | (settings or {})
        command = [program or os.environ["COLLOQUY_AGENT"], "start", "--config", config]
        super().__init__("worker", command, folder / f"{self.agent}.log", environment)

    def start(self) -> None:
        super().start()
        self.wait_until_healthy(f"{self.http}/readyz")

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name with labels."""
        with urllib.request.urlopen(f"{self.http}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def ended(self, status: str) -> float:
        """How many jobs ended with this status."""
        return sum(v for n, v in self.metrics().items() if n.startswith("colloquy_jobs_ended_total{") and f'status="{status}"' in n)

    def wait_until_idle(self, limit: float = 15.0) -> None:
        """Waits until every call has ended, those of tests before as well."""
        assert eventually(lambda: self.metrics()["colloquy_slots_used"] == 0, limit), f"a call does not end:\n{self.tail()}"


@pytest.fixture(scope="session", autouse=True)
def credentials():
    os.environ.update(LIVEKIT_API_KEY=KEY, LIVEKIT_API_SECRET=SECRET)


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> pathlib.Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def livekit(folder):
    server = LiveKit(folder)
    server.start()
    os.environ["LIVEKIT_URL"] = server.url
    yield server
    server.stop()


@pytest.fixture(scope="session")
def start_worker(folder, livekit):
    """Starts workers that live until the tests end: `start_worker(config, **settings)`; the same settings, the same worker."""
    workers: dict[tuple, Worker] = {}

    def start(config: str, on: LiveKit = livekit, **settings: str) -> Worker:
        known = (config, on.url, *sorted(settings.items()))
        if known not in workers:
            workers[known] = Worker(folder, on, ROOT / config, settings)
            workers[known].start()
        return workers[known]

    yield start
    for worker in workers.values():
        worker.stop()


@pytest.fixture(scope="session")
def local_agent(start_worker):
    """The default agent: offline ear, mind and voice."""
    return start_worker("config/default.toml")


@pytest.fixture(scope="session")
def tone_agent(start_worker):
    """The agent of the benchmark: answers every utterance with three seconds of a tone."""
    return start_worker("config/examples/bench.toml")


@pytest.fixture(scope="session")
def speech(folder):
    """`speech("words")`: 48 kHz mono samples of the words, spoken by flite, framed by a little silence."""
    from participant import read_speech

    def speak(words: str) -> bytes:
        path = folder / (re.sub(r"\W+", "-", words) + ".wav")
        if not path.exists():
            subprocess.run(["flite", "-voice", "slt", "-t", words, "-o", str(path)], check=True)
        return bytes(9600) + read_speech(str(path)) + bytes(9600)

    return speak


CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]


@contextlib.contextmanager
def chromium(playwright, *flags: str):
    """A browser: the distribution's, or where it has none (Ubuntu) the one that Playwright installs."""
    path = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
    browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags])
    try:
        yield browser
    finally:
        browser.close()


def recognise(path: pathlib.Path) -> list[str]:
    """The words that a recogniser which is not ours hears in a WAV file."""
    at16k = path.with_suffix(".16k.wav")
    subprocess.run(["sox", str(path), "-r", "16000", "-c", "1", "-b", "16", str(at16k)], check=True)
    heard = subprocess.run(
        ["pocketsphinx_continuous", "-infile", str(at16k), "-logfn", os.devnull], capture_output=True, text=True, check=True
    )
    return words_of(heard.stdout)


UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(number: re.Match) -> str:
    """A number below a hundred as it is said."""
    value = int(number.group())
    return UNITS[value] if value < 20 else f"{TENS[value // 10 - 2]} {UNITS[value % 10] if value % 10 else ''}"


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z']+", re.sub(r"\b\d\d?\b", spelled, text.lower()))


def share_heard(said: str, heard: list[str]) -> float:
    """Which share of the words said is among those heard."""
    words = words_of(said)
    return sum(word in heard for word in words) / max(1, len(words))


@pytest.fixture
def in_room(livekit):
    """`in_room(scenario, worker)` runs `scenario(caller)` with a caller in a room of its own to which the worker was asked, by the
    caller's token or by the server's API."""
    from livekit import api
    from participant import Participant

    def run(scenario, worker: Worker, on: LiveKit = livekit, by_token: bool = True):
        async def session():
            caller = Participant("caller")
            room = f"test-{uuid.uuid4().hex[:8]}"
            await caller.join(room, url=on.url, agent=worker.agent if by_token else None)
            try:
                if not by_token:
                    async with api.LiveKitAPI(on.http) as server:
                        wish = api.CreateAgentDispatchRequest(room=room, agent_name=worker.agent)
                        await server.agent_dispatch.create_dispatch(wish)
                return await scenario(caller)
            finally:
                await caller.leave()

        return asyncio.run(session())

    return run


def talk(speech, wishes: list[str]):
    """A scenario for `in_room`: says each wish when the agents have answered the one before. The greeting, what was answered
    to each, and what the agents took the wishes for."""

    async def said(caller, words: str) -> str:
        before = len(caller.agent_said())
        await caller.speak(speech(words))
        assert await caller.wait_for(lambda: len(caller.agent_said()) > before, 20), f"no answer to {words!r}"
        assert await caller.wait_until_silent(quiet=2.5, limit=40), "the answer does not end"
        return " ".join(caller.agent_said()[before:])

    async def scenario(caller):
        assert await caller.wait_for(lambda: caller.agent_track is not None, 20), "no agent came"
        await caller.wait_until_silent(quiet=1.5, limit=30)
        answers = [await said(caller, words) for words in wishes]
        return caller.agent_said()[0], answers, caller.said(caller.identity)

    return scenario


def eventually(condition, limit: float = 15.0) -> bool:
    """Whether the condition holds within the limit, asked ten times a second."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
