"""A restaurant's booking service: what a receptionist's tools ask. Listens on the loopback; keeps its book in memory.

    POST /bookings {"people": 4, "day": "friday", "hour": 7}   201 {"number": 1, "table": "by the window", ...}
                                                               409 {"error": ..., "free": [8, 9]} when the hour is full
    GET  /bookings                                             all of them, with the keys of their requests
    GET  /menu?day=friday                                      {"soup": ..., "main": ...}

A request that carries the Idempotency-Key of an earlier one is answered as that one was, and books nothing.
Run: python restaurant.py PORT KEY
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TABLES = ["by the window", "in the garden"]
MENU = {"soup": "tomato soup", "main": "mushroom risotto"}


class Book:
    """The bookings, in order."""

    def __init__(self):
        self.lock = threading.Lock()
        self.bookings: list[dict] = []

    def enter(self, wish: dict, key: str | None) -> tuple[int, dict]:
        with self.lock:
            for booking in self.bookings:
                if key and booking["key"] == key:
                    return 201, booking
            people, day, hour = int(wish["people"]), str(wish["day"]).lower(), int(wish["hour"])
            taken = [booking for booking in self.bookings if (booking["day"], booking["hour"]) == (day, hour)]
            if len(taken) >= len(TABLES):
                return 409, {"error": f"no table is free at {hour}", "free": [hour + 1, hour + 2]}
            booking = {"number": len(self.bookings) + 1, "people": people, "day": day, "hour": hour, "key": key, "table": TABLES[len(taken)]}
            self.bookings.append(booking)
            return 201, booking


def handler(book: Book, secret: str):
    class Restaurant(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, body) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def is_known(self) -> bool:
            known = self.headers.get("Authorization") == f"Bearer {secret}"
            if not known:
                self.answer(401, {"error": "who are you?"})
            return known

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if not self.is_known():
                return
            if url.path == "/bookings":
                self.answer(200, book.bookings)
            elif url.path == "/menu":
                self.answer(200, MENU | {"day": parse_qs(url.query).get("day", ["today"])[0]})
            else:
                self.answer(404, {"error": "there is nothing here"})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if not self.is_known():
                return
            try:
                status, answer = book.enter(json.loads(body), self.headers.get("Idempotency-Key"))
            except (ValueError, KeyError, TypeError) as error:
                status, answer = 400, {"error": f"that is no booking: {error}"}
            self.answer(status, answer)

        def log_message(self, form: str, *values) -> None:
            print(form % values, flush=True)

    return Restaurant


def main() -> None:
    port, secret = int(sys.argv[1]), sys.argv[2]
    ThreadingHTTPServer(("127.0.0.1", port), handler(Book(), secret)).serve_forever()


if __name__ == "__main__":
    main()
