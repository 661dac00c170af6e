"""What the scripts share: one line for each check, a receiver of webhooks, and waiting for a condition."""

import http.server
import os
import queue
import threading
import time
import traceback

BASE_URL = os.environ["CUEAPI_BASE_URL"]
API_KEY = os.environ["CUEAPI_API_KEY"]
WEBHOOK_SECRET = os.environ["CUEAPI_WEBHOOK_SECRET"]


def check(statement, action):
    """Prints whether the action ran without an exception, and answers what it returned."""
    try:
        result = action()
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"failed\t{statement}\t{reason}", flush=True)
        return None
    print(f"passed\t{statement}", flush=True)
    return result


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r} is not {expected!r}")


def expect_raises(kind, action):
    try:
        action()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def until(condition, seconds=20):
    """Asks again until the answer is true, and answers it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


class Receiver:
    """Answers 200 to all, and keeps what came."""

    def __init__(self):
        received = self.received = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put((self.headers, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/hook"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def next(self):
        return self.received.get(timeout=20)
