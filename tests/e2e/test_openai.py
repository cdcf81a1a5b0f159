"""A whole call whose ear, mind and voice are behind OpenAI's API: a server of the tests speaks it, and does the work."""
import email.parser
import email.policy
import http.server
import json
import os
import re
import subprocess
import threading

import pytest
from conftest import share_heard, words_of
from test_call import ask

QUESTION = "what is two plus three"
KEY = "sk-of-the-tests"


class Api(http.server.ThreadingHTTPServer):
    """Transcriptions by pocketsphinx, chat that repeats what it was asked, speech by flite; keeps every request."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Answer)
        self.folder, self.requests = folder, []
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def asked(self, path: str) -> list[dict]:
        return [body for asked, body in self.requests if asked == path]


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self._whole(401, "application/json", b'{"error": {"message": "wrong key"}}')
        answer = {
            "/v1/audio/transcriptions": self._transcription,
            "/v1/chat/completions": self._completion,
            "/v1/audio/speech": self._speech,
        }[self.path]
        answer(body)

    def do_HEAD(self):  # a connection made ahead
        self._whole(404, "text/plain", b"")

    do_GET = do_HEAD

    def _transcription(self, body):
        head = f"Content-Type: {self.headers['Content-Type']}\n\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        fields = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in form.iter_parts()}
        self.server.requests.append((self.path, fields))
        heard = self.server.folder / f"heard-{len(self.server.requests)}.wav"
        heard.write_bytes(fields["file"])
        command = ["pocketsphinx_continuous", "-infile", str(heard), "-logfn", os.devnull]
        text = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        self._whole(200, "application/json", json.dumps({"text": text}).encode())

    def _completion(self, body):
        request = json.loads(body)
        self.server.requests.append((self.path, request))
        asked = request["messages"][-1]["content"]
        words = re.findall(r"\S+\s*", f"You asked: {asked if isinstance(asked, str) else asked[0]['text']}.")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        deltas = [{"delta": {"content": word}} for word in words] + [{"delta": {}, "finish_reason": "stop"}]
        events = [json.dumps({"choices": [{"index": 0} | delta]}) for delta in deltas] + ["[DONE]"]
        for event in events:
            line = f"data: {event}\n\n".encode()
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _speech(self, body):
        request = json.loads(body)
        self.server.requests.append((self.path, request))
        spoken = self.server.folder / f"spoken-{len(self.server.requests)}.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", request["input"], "-o", str(spoken)], check=True)
        raw = ["sox", str(spoken), "-t", "raw", "-r", "24000", "-e", "signed", "-b", "16", "-c", "1", "-"]
        self._whole(200, "audio/pcm", subprocess.run(raw, capture_output=True, check=True).stdout)

    def _whole(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    server = Api(tmp_path_factory.mktemp("api"))
    yield server
    server.shutdown()


def test_a_question_is_answered_by_way_of_the_api(in_room, start_worker, api, speech):
    urls = {f"COLLOQUY__{port}__OPENAI__BASE_URL": api.base_url for port in ("STT", "LLM", "TTS")}
    worker = start_worker("config/examples/openai.toml", OPENAI_API_KEY=KEY, **urls)

    async def scenario(caller):
        await ask(caller, speech(QUESTION))
        await caller.silence(0.5)
        return caller

    caller = in_room(scenario, worker)
    answer = caller.agent_said()[-1]
    assert answer.startswith("You asked:") and share_heard(QUESTION, words_of(answer)) >= 0.6, answer
    (sent,) = [request for request in api.asked("/v1/chat/completions") if answer.rstrip(".").endswith(request["messages"][-1]["content"])]
    assert sent["stream"] is True and sent["model"] == "gpt-4o-mini"
    roles = [message["role"] for message in sent["messages"]]
    assert roles[0] == "system" and roles[-1] == "user" and "receptionist" in sent["messages"][0]["content"], sent["messages"]
    assert {request["voice"] for request in api.asked("/v1/audio/speech")} == {"alloy"}
    assert all(fields["model"] == b"gpt-4o-mini-transcribe" for fields in api.asked("/v1/audio/transcriptions"))
    spoken = " ".join(request["input"] for request in api.asked("/v1/audio/speech"))
    assert answer in spoken, spoken


def test_a_wrong_key_is_said_in_the_log_and_never_shown(in_room, start_worker, api):
    urls = {f"COLLOQUY__{port}__OPENAI__BASE_URL": api.base_url for port in ("STT", "LLM", "TTS")}
    worker = start_worker("config/examples/openai.toml", OPENAI_API_KEY="sk-of-somebody-else", **urls)

    async def scenario(caller):
        assert await caller.wait_for(lambda: "unauthorised" in worker.log.read_text(), 20), worker.tail()

    in_room(scenario, worker)
    assert "sk-of-somebody-else" not in worker.log.read_text()
