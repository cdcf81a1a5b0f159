#!/usr/bin/env python3
"""A caller in a LiveKit room, made with the Python client: joins, speaks, listens, and says what it heard.

    caller.py [FILE.wav | "words to say"] [--room NAME] [--save heard.wav] [--seconds 30]

Environment: LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET.
Ends when the agent has answered and is silent, or after --seconds. Exit code 1 when no answer was heard.
"""
import argparse
import asyncio
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from participant import Participant, end_of_speech, read_speech  # noqa: E402


def speech_of(what: str) -> bytes:
    """48 kHz mono samples of a file, or of words spoken by flite."""
    if os.path.exists(what):
        return read_speech(what)
    if what.endswith(".wav"):
        sys.exit(f"caller: no such file: {what}")
    with tempfile.TemporaryDirectory() as folder:
        spoken = os.path.join(folder, "words.wav")
        subprocess.run(["flite", "-voice", "slt", "-t", what, "-o", spoken], check=True)
        return read_speech(spoken)


async def call(args) -> int:
    caller = Participant(identity="caller", log=print)
    await caller.join(args.room)
    print(f"joined room {args.room}")
    try:
        if not await caller.wait_for(lambda: caller.agent_track is not None, args.seconds):
            print("caller: no agent came; is the worker running? (./dev status)", file=sys.stderr)
            return 1
        await caller.wait_until_silent(quiet=1.0, limit=args.seconds)  # a greeting, if there is one
        print(f"speaks {end_of_speech(args.speech) / 96000:.1f} s")
        await caller.speak(args.speech)
        answered = await caller.wait_for(lambda: caller.answered_after is not None, args.seconds)
        if answered:
            print(f"answer audible {1000 * caller.answered_after:.0f} ms after the end of speech")
            await caller.wait_until_silent(quiet=1.5, limit=args.seconds)
    finally:
        await caller.leave()
    if args.save:
        caller.save(args.save)
        print(f"saved {caller.heard_seconds:.1f} s to {args.save}")
    return 0 if answered else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speech", nargs="?", default="what time is it", type=speech_of, metavar='FILE.wav|"words"')
    parser.add_argument("--room", default=f"call-{uuid.uuid4().hex[:8]}")
    parser.add_argument("--save", metavar="heard.wav")
    parser.add_argument("--seconds", type=float, default=30.0, help="longest wait for the agent, for its answer and for its end")
    args = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(call(args))
    return 130


if __name__ == "__main__":
    sys.exit(main())
