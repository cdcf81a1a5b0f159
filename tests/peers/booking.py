#!/usr/bin/env python3
"""A restaurant's booking server on the loopback, for tools to call: deterministic, and faulty to order.

    booking.py [--port 8099] [--key KEY]

    GET    /availability?day=friday&people=4     {"day": "friday", "free": [12, 13, …]}
    POST   /bookings {"people", "day", "hour"}   201 {"booking": {"number": 1, …}}; 409 when it is full; 422 when it is wrong
    DELETE /bookings/1                           204
    GET    /bookings                             what is booked
    GET    /menu                                 {"soup": "tomato soup", "main": "mushroom risotto"}
    POST   /faults ["500", "cut", …]             what happens to the next requests, one each
    GET    /health                               204

An Idempotency-Key that was seen is answered as it was, and books nothing. The house has one table for each of 2, 4 and 8
people, from 12 to 22 o'clock, and is closed on Mondays.
"""
import argparse
import http.server
import json
import threading
import urllib.parse

MENU = {"soup": "tomato soup", "main": "mushroom risotto"}
TABLES, HOURS, CLOSED = (2, 4, 8), range(12, 23), "monday"
DAYS = ("today", "tomorrow", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FAULTS = ("500", "503", "silence", "cut", "garbage", "huge", "redirect")


class Refused(Exception):
    def __init__(self, status: int, detail: str):
        self.status, self.detail = status, detail


class Booking(http.server.ThreadingHTTPServer):
    """The house. `bookings` by number, `requests` as (method, path, headers in lower case, body);
    `url` is where it is."""

    daemon_threads = True

    def __init__(self, port: int = 0, key: str | None = None):
        super().__init__(("127.0.0.1", port), Answer)
        self.key, self.faults, self.requests = key, [], []
        self.bookings: dict[int, dict] = {}
        self.answered: dict[str, dict] = {}
        self.numbers, self.door = 0, threading.Lock()
        self.ending = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> "Booking":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        self.ending.set()
        self.shutdown()
        self.server_close()

    def free(self, day: str, people: int) -> list[int]:
        """The hours at which a table is free that is large enough."""
        if day not in DAYS:
            raise Refused(422, f"there is no day {day}")
        if not 1 <= people <= max(TABLES):
            raise Refused(422, f"there is no table for {people}")
        if day == CLOSED:
            return []
        taken = [(each["hour"], each["table"]) for each in self.bookings.values() if each["day"] == day]
        return [hour for hour in HOURS if any(seats >= people and (hour, seats) not in taken for seats in TABLES)]

    def book(self, wish: dict, key: str | None) -> dict:
        if key in self.answered:
            return self.answered[key]
        try:
            people, day, hour = int(wish["people"]), str(wish["day"]).lower(), int(wish["hour"])
        except (KeyError, TypeError, ValueError) as wrong:
            raise Refused(422, f"people, day and hour are wanted: {wrong}") from None
        hour += 12 * (hour < 11)  # who says eight means the evening
        free = self.free(day, people)
        if hour not in free:
            later = next((str(each) for each in free if each > hour), None)
            raise Refused(409, f"no table is free {day} at {hour}" + (f"; {later} is" if later else ""))
        taken = [each["table"] for each in self.bookings.values() if (each["day"], each["hour"]) == (day, hour)]
        self.numbers += 1
        table = next(seats for seats in TABLES if seats >= people and seats not in taken)
        booking = {"number": self.numbers, "people": people, "day": day, "hour": hour, "table": table}
        self.bookings[self.numbers] = booking
        if key:
            self.answered[key] = booking
        return booking


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Booking

    def handle_any(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/health":
            return self.reply(204)
        if url.path == "/faults":
            faults = json.loads(body)
            unknown = [fault for fault in faults if fault not in FAULTS]
            self.server.faults += [] if unknown else faults
            return self.reply(422 if unknown else 204)
        with self.server.door:
            self.server.requests.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            fault = self.server.faults.pop(0) if self.server.faults else None
            if fault is None:
                return self.reply(*self.decide(url, body))
        self.fail(fault)

    do_GET = do_POST = do_DELETE = handle_any

    def decide(self, url: urllib.parse.SplitResult, body: bytes) -> tuple:
        house = self.server
        if house.key and self.headers["Authorization"] != f"Bearer {house.key}":
            return 401, {"detail": "wrong key"}
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            match self.command, url.path.strip("/").split("/"):
                case "GET", ["availability"]:
                    day = query.get("day", "today").lower()
                    return 200, {"day": day, "free": house.free(day, int(query.get("people", "2")))}
                case "GET", ["bookings"]:
                    return 200, {"bookings": list(house.bookings.values())}
                case "GET", ["menu"]:
                    return 200, MENU
                case "POST", ["bookings"]:
                    return 201, {"booking": house.book(json.loads(body), self.headers["Idempotency-Key"])}
                case "DELETE", ["bookings", number] if number.isdigit() and house.bookings.pop(int(number), None):
                    return (204,)
        except Refused as refused:
            return refused.status, {"detail": refused.detail}
        except ValueError as wrong:
            return 422, {"detail": f"the request cannot be read: {wrong}"}
        return 404, {"detail": "no such booking"}

    def reply(self, status: int, body: dict | None = None, headers: dict[str, str] | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def fail(self, fault: str) -> None:
        match fault:
            case "500" | "503":
                self.reply(int(fault), {"detail": "out of order"})
            case "silence":
                self.server.ending.wait(60)
                self.close_connection = True
            case "cut":
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"booking": ')
                self.close_connection = True
            case "garbage":
                self.reply(200, {"booking": None} | {"free": "<html>"})
            case "huge":
                self.reply(200, {"free": "x" * 20_000_000})
            case "redirect":
                self.reply(302, None, {"Location": "http://127.0.0.1:9/inside"})

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--key")
    options = parser.parse_args()
    house = Booking(options.port, options.key)
    print(f"listening on {house.url}", flush=True)
    house.serve_forever()
