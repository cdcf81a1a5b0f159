"""A server behind TLS whose certificate is of an authority that no browser knows."""
import asyncio
import ssl
import subprocess
import threading

import pytest
from conftest import KEY, ROOT, SECRET
from test_call import QUESTION, ask
from test_errors import start


class TlsProxy:
    """TLS before a plain port of the loopback, on a thread of its own."""

    def __init__(self, port: int, certificate, key):
        self.connections = 0
        self._behind = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._carry, "127.0.0.1", 0, ssl=self._context)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _carry(self, reader, writer):
        self.connections += 1
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        await asyncio.gather(_copy(reader, behind_writer), _copy(behind_reader, writer))

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self):
        self._server.close()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)


async def _copy(reader, writer):
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except OSError:  # one side went away; so does the other
        pass
    finally:
        writer.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A folder with an authority's certificate `ca.pem`, and one it made for localhost: `cert.pem` with `key.pem`."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
        ["req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=an authority of the tests"],
        ["req", *new_key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
         "-extfile", "extensions", "-out", "cert.pem"],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def secure(livekit, authority):
    proxy = TlsProxy(livekit.port, authority / "cert.pem", authority / "key.pem")
    yield proxy
    proxy.stop()


def test_a_question_is_answered_over_tls(in_room, start_worker, secure, authority, speech):
    worker = start_worker(
        "config/default.toml", LIVEKIT_URL=f"wss://localhost:{secure.port}", COLLOQUY__LIVEKIT__CA_FILE=str(authority / "ca.pem")
    )

    async def scenario(caller):
        await ask(caller, speech(QUESTION))
        return caller.agent_said()[-1]

    registered = secure.connections
    assert in_room(scenario, worker)
    assert secure.connections > registered >= 1, "the room was not joined over TLS"


@pytest.mark.parametrize(
    "ca_file, said",
    [(None, ["cannot be trusted", "UnknownIssuer"]), ("none.pem", ["livekit.ca_file", "none.pem"])],
    ids=["an authority that is not known", "a file that is not there"],
)
def test_what_is_not_trusted_is_said(secure, tmp_path, ca_file, said):
    settings = {"LIVEKIT_URL": f"wss://localhost:{secure.port}", "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
    if ca_file:
        settings["COLLOQUY__LIVEKIT__CA_FILE"] = str(tmp_path / ca_file)
    run = start("--config", str(ROOT / "config/default.toml"), "--set", "http.bind=", **settings)
    assert run.returncode != 0
    for word in said:
        assert word in run.stderr + run.stdout, run.stderr + run.stdout
