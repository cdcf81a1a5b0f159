"""What an operator reads when something is wrong."""
import os
import subprocess

import pytest
from conftest import KEY, ROOT, SECRET, free_ports


def start(*arguments: str, **environment: str):
    command = [os.environ["COLLOQUY_AGENT"], "start", "--fail-fast", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=os.environ | environment)


@pytest.mark.parametrize(
    "settings, code, said",
    [
        ({"LIVEKIT_API_SECRET": "this-is-not-the-secret-of-the-server"}, 4, ["401", "LIVEKIT_API_KEY"]),
        ({"LIVEKIT_URL": "ws://127.0.0.1:1"}, 4, ["127.0.0.1:1", "refused"]),
        ({"LIVEKIT_URL": "not a url"}, 3, ["LIVEKIT_URL", "not a url"]),
        ({"COLLOQUY__TURN__ENDPOINTING_MIN_DELAY_MS": "-5"}, 3, ["COLLOQUY__TURN__ENDPOINTING_MIN_DELAY_MS", "-5"]),
    ],
    ids=["a wrong key", "a server that is down", "a wrong url", "a value out of range"],
)
def test_the_error_says_what_is_wrong(livekit, settings, code, said):
    (port,) = free_ports(1)
    usual = {"LIVEKIT_URL": livekit.url, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET, "COLLOQUY__HTTP__BIND": f"127.0.0.1:{port}"}
    run = start("--config", str(ROOT / "config/default.toml"), **(usual | settings))
    assert run.returncode == code, run.stdout + run.stderr
    for word in said:
        assert word in run.stdout + run.stderr, run.stdout + run.stderr
    assert SECRET not in run.stdout + run.stderr


def test_a_configuration_error_names_file_line_and_key(tmp_path):
    config = tmp_path / "wrong.toml"
    config.write_text("[worker]\n\nslotz = 3\n")
    run = start("--config", str(config))
    assert run.returncode != 0
    for word in ["wrong.toml", "3", "slotz", "slots"]:
        assert word in run.stderr, run.stderr
