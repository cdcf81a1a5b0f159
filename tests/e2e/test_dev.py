"""`./dev` as a person uses it: up, call, console, down; on ports and in a folder of its own, with the worker of these tests."""
import json
import os
import pathlib
import re
import socket
import socketserver
import subprocess
import threading
import time
import urllib.request

import pytest
from conftest import ROOT, eventually, free_ports, recognise
from participant import RATE, write_wav

QUESTION = "what is two plus three"
# As far as ./dev can tell, a Redis: it answers PING, unless it is told to be deaf.
REDIS = """#!/usr/bin/env python3
import os, socketserver, sys, time
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        self.rfile.readline()
        self.wfile.write(b"+PONG\\r\\n")
if "DEAF" in os.environ:
    print("cannot hear", flush=True)
    time.sleep(60)
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever()
"""


class House:
    """`./dev` with ports, pids and logs of its own."""

    def __init__(self, folder: pathlib.Path):
        self.folder, self.run_folder = folder, folder / "run"
        programs = folder / "bin"
        programs.mkdir()
        (programs / "redis-server").write_text(REDIS)
        (programs / "redis-server").chmod(0o755)
        page, worker, redis = free_ports(3)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("LIVEKIT_")} | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "COLLOQUY_RUN": str(self.run_folder),
            "COLLOQUY_LIVEKIT_PORT": str(three_ports()),
            "COLLOQUY_PAGE_PORT": str(page),
            "COLLOQUY_WORKER_PORT": str(worker),
            "COLLOQUY_REDIS_PORT": str(redis),
            "COLLOQUY__WORKER__LOAD_THRESHOLD": "1",
        }

    def dev(self, *words, **environment: str) -> subprocess.CompletedProcess:
        """Runs it from a folder that is not the repository."""
        command = [ROOT / "dev", *words]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, env=self.environment | environment
        )

    def up(self, **environment: str) -> str:
        run = self.dev("up", **environment)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def pids(self) -> dict[str, str]:
        """The pid of each that runs, as status tells it."""
        return dict(re.findall(r"^(\w+): running, pid (\d+)", self.dev("status").stdout, re.M))


def three_ports() -> int:
    """The first of three ports in a row of which nobody listens on any."""
    while True:
        (first,) = free_ports(1)
        try:
            with socket.create_server(("127.0.0.1", first + 1)), socket.socket(type=socket.SOCK_DGRAM) as third:
                third.bind(("127.0.0.1", first + 2))
                return first
        except OSError:
            continue


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("house"))
    try:
        house.told = house.up()
        yield house
    finally:
        house.dev("down")


def runs(pid: str) -> bool:
    """Whether a process runs; one that has ended and is only not yet waited for does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def answers(port: str, path: str = "/") -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.status == 200


def worker_name(house: House) -> str | None:
    """The name of the agent that is there; None when there is none."""
    try:
        url = f"http://127.0.0.1:{house.environment['COLLOQUY_WORKER_PORT']}/worker"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.loads(answer.read())["agent_name"]
    except OSError:
        return None


def test_up_starts_everything_and_says_what_to_do_next(house):
    for name in ("livekit", "redis", "worker", "page"):
        assert re.search(rf"^{name}: healthy", house.told, re.M), house.told
    assert f"http://127.0.0.1:{house.environment['COLLOQUY_PAGE_PORT']}/" in house.told and "./dev call" in house.told
    assert answers(house.environment["COLLOQUY_PAGE_PORT"])
    assert answers(house.environment["COLLOQUY_WORKER_PORT"], "/readyz")


def test_a_caller_with_a_file_of_the_callers_folder_is_answered(house, speech):
    # What is silent at the end is not spoken: the wait for the answer counts from the last that can be heard.
    write_wav(str(house.folder / "asked.wav"), speech(QUESTION) + bytes(2 * RATE * 3))
    run = house.dev("call", "asked.wav", "--save", "heard.wav")
    assert run.returncode == 0, run.stdout + run.stderr
    waited = int(re.search(r"answer audible (\d+) ms after", run.stdout).group(1))
    assert 300 < waited < 5000, run.stdout
    assert {"two", "plus", "three", "five"} & set(recognise(house.folder / "heard.wav")), run.stdout


def test_the_console_answers_a_file_of_the_callers_folder(house, speech):
    write_wav(str(house.folder / "question.wav"), speech(QUESTION))
    run = house.dev("console", "--in", "question.wav", "--out", "answer.wav")
    assert run.returncode == 0, run.stdout + run.stderr
    assert {"two", "plus", "three", "five"} & set(recognise(house.folder / "answer.wav")), run.stdout


def test_a_second_up_starts_nothing(house):
    before = house.pids()
    assert set(before) == {"livekit", "redis", "worker", "page"}
    house.up()
    assert house.pids() == before


def test_what_has_changed_is_started_anew_and_nothing_else(house):
    before = house.pids()
    (port,) = free_ports(1)
    assert "worker: has changed" in house.up(COLLOQUY_WORKER_PORT=str(port))
    after = house.pids()
    assert {name for name in before if before[name] != after[name]} == {"worker"}
    assert answers(str(port), "/readyz")
    house.up()
    assert answers(house.environment["COLLOQUY_WORKER_PORT"], "/readyz")


def test_a_redis_that_is_there_already_is_left_alone(house):
    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(b"-NOAUTH Authentication required.\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as redis:
        threading.Thread(target=redis.serve_forever, daemon=True).start()
        assert "redis: already there" in house.up(COLLOQUY_REDIS_PORT=str(redis.server_address[1]))
        assert "redis" not in house.pids()
        redis.shutdown()
    house.up()


def test_a_port_that_is_taken_by_another_is_said(house):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = house.dev("up", COLLOQUY_PAGE_PORT=port)
    assert run.returncode == 1 and port in run.stderr and "taken" in run.stderr, run.stderr
    house.up()


def test_what_ends_at_its_start_is_said_with_its_last_words(house):
    run = house.dev("up", COLLOQUY__TURN__ENDPOINTING_MIN_DELAY_MS="-5")
    assert run.returncode == 1 and "worker ended at its start" in run.stderr, run.stderr
    assert "COLLOQUY__TURN__ENDPOINTING_MIN_DELAY_MS" in run.stderr
    assert "worker" not in house.pids()
    house.up()


def test_what_does_not_become_healthy_is_stopped_and_said_with_its_last_words(house):
    (port,) = free_ports(1)
    run = house.dev("up", COLLOQUY_REDIS_PORT=str(port), COLLOQUY_START_SECONDS="2", DEAF="yes")
    assert run.returncode == 1 and "not healthy within 2 s" in run.stderr and "cannot hear" in run.stderr, run.stderr
    assert "redis" not in house.pids()
    house.up()


def test_what_has_ended_and_is_only_not_waited_for_does_not_run(house):
    zombie = subprocess.Popen(["true"])
    assert eventually(lambda: not runs(str(zombie.pid)))
    stat = pathlib.Path(f"/proc/{zombie.pid}/stat")
    began = stat.read_text().rsplit(") ", 1)[1].split()[19]
    pid_file = house.run_folder / "page.pid"
    kept = pid_file.read_text()
    pid_file.write_text(f"{zombie.pid} {began} {'0' * 64}\n")
    try:
        assert "page" not in house.pids()
    finally:
        pid_file.write_text(kept)
        zombie.wait()


def test_a_worker_of_ones_own_takes_the_place_of_the_one_of_up(house):
    (house.folder / "own.toml").write_text('[worker]\nagent_name = "own"\n')
    command = [ROOT / "dev", "start", "--config", "own.toml"]
    with open(house.folder / "own.log", "w") as log:
        own = subprocess.Popen(command, cwd=house.folder, env=house.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        assert eventually(lambda: worker_name(house) == "own", 30), (house.folder / "own.log").read_text()
        assert "worker" not in house.pids()
        own.terminate()
        assert own.wait(15) == 0
    finally:
        own.kill()
        own.wait()
    house.up()
    assert worker_name(house) == ""


def test_fuzzing_fails_when_it_cannot_find_the_targets(house):
    tools = house.folder / "cache" / "tools" / "bin"
    tools.mkdir(parents=True)
    version = re.search(r"FUZZ_VERSION=(\S+)", (ROOT / "dev").read_text()).group(1)
    (tools / "cargo-fuzz").write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo cargo-fuzz {version}\n')
    (tools / "cargo-fuzz").chmod(0o755)
    run = house.dev("fuzz", "1", COLLOQUY_CACHE=str(house.folder / "cache"))
    assert run.returncode == 1 and "cannot list the targets" in run.stderr, run.stdout + run.stderr


def test_down_stops_exactly_what_up_has_started(house):
    pids = house.pids()
    begun = time.monotonic()
    told = house.dev("down").stdout
    assert time.monotonic() - begun < 12
    assert sorted(re.findall(r"^(\w+): stopped", told, re.M)) == sorted(pids), told
    assert house.pids() == {} and not any(map(runs, pids.values()))
