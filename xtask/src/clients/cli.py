"""The command-line client, cueapi 0.2.0. Prefix `known:` marks a bug of the CLI that a server has to live with."""

import os
import re
import subprocess
import sys
import tempfile

from report import API_KEY, BASE_URL, Receiver, check, expect, until

PROGRAM = os.path.join(os.path.dirname(sys.executable), "cueapi")
FOLDER = tempfile.TemporaryDirectory(prefix="cueapi-cli-")
HOME = FOLDER.name
receiver = Receiver()


def run(*arguments, code=0, key=API_KEY):
    """Standard output; the error output when the program is to fail."""
    environment = dict(os.environ, CUEAPI_API_KEY=key, CUEAPI_API_BASE=f"{BASE_URL}/v1", XDG_CONFIG_HOME=HOME, HOME=HOME)
    done = subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != code:
        raise AssertionError(f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stderr if code else done.stdout


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"no {part!r} in {text!r}")


def create(*arguments):
    return re.search(r"Created: (cue_\w+)", run("create", *arguments)).group(1)


def fire(cue):
    return re.search(r"Execution:\s+(\S+)", run("fire", cue)).group(1)


def fires():
    execution = fire(cue)
    headers, _ = receiver.next()
    expect(headers["X-CueAPI-Execution-Id"], execution)
    until(lambda: "success" in run("executions", "get", execution))
    contains(run("get", cue), "Recent executions:", "success", "(200, 1 attempt)")


def quickstart():
    """A one-time cue, 15 seconds from now, to the server's echo."""
    contains(run("quickstart"), "Callback delivered!", "Your first cue! CueAPI is working.", "Deleted.")


def claims():
    made = create("--name", "cli-jobs", "--cron", "0 9 * * *", "--worker", "--payload", '{"task": "resize"}')
    first, second = fire(made), fire(made)
    contains(run("executions", "list-claimable", "--task", "resize"), first, second, "cli-jobs")
    contains(run("executions", "list-claimable", "--task", "other"), "No claimable executions (task=other)")
    contains(run("executions", "claim", first, "--worker-id", "w1"), "Claimed:", "Lease:", "900s")
    contains(run("executions", "claim", first, "--worker-id", "w2", code=1), "Not claimable")
    contains(run("executions", "claim-next", "--worker-id", "w2"), second)
    contains(run("executions", "claim-next", "--worker-id", "w2"), "No executions available")
    return made, first, second


def reports():
    _, first, second = claimed
    contains(run("executions", "heartbeat", first, "--worker-id", "w1"), "Heartbeat acknowledged", "Lease until:")
    contains(run("executions", "heartbeat", first, "--worker-id", "w2", code=1), "does not match")
    evidence = ("--external-id", "job-1", "--result-url", "https://shop.example/1", "--summary", "one file")
    contains(run("executions", "report-outcome", first, "--success", *evidence), "Outcome recorded")
    contains(run("executions", "report-outcome", first, "--success", code=1), "write-once")
    contains(run("executions", "report-outcome", second, "--failure"), "Marked:", "failure")
    contains(run("executions", "list", "--cue-id", claimed[0], "--status", "failed"), "failed")


def error_texts():
    message = run("create", "--name", "x", "--cron", "nonsense", "--url", receiver.url, code=1)
    contains(message, "Failed (HTTP 400)")


def flag_first():
    contains(run("--api-key", "cue_sk_" + "0" * 32, "whoami", code=1), "Failed to get user info (HTTP 401)")


def deletes():
    for made in (cue, claimed[0]):
        contains(run("delete", made, "-y"), "Deleted.")
        contains(run("get", made, code=1), f"Cue not found: {made}")
    contains(run("list"), "No cues yet")


def new_key():
    key = re.search(r"New API key: (cue_sk_\w+)", run("key", "regenerate", "-y")).group(1)
    contains(run("whoami", code=1), "HTTP 401")
    contains(run("whoami", key=key), "Email:")


check("whoami", lambda: contains(run("whoami"), "Email:", "Plan:", "Active cues:", "0 / "))
check("lists no cues", lambda: contains(run("list"), "No cues yet"))
cue = check(
    "creates a cue",
    lambda: create("--name", "cli-report", "--cron", "0 9 * * *", "--timezone", "Europe/Paris", "--url", receiver.url),
)
check("lists cues", lambda: contains(run("list", "--status", "active"), cue, "cli-report", "1 cues (1 active)"))
check("gets a cue", lambda: contains(run("get", cue), "0 9 * * * (Europe/Paris)", f"POST {receiver.url}"))
check("updates a cue", lambda: contains(run("update", cue, "--name", "cli-renamed", "--payload", '{"n": 2}'), "(cli-renamed)"))
check("pauses a cue", lambda: contains(run("pause", cue), "Paused:"))
check("resumes a cue", lambda: contains(run("resume", cue), "Resumed:", "Next run:"))
check("fires a cue and sees it delivered", fires)
check("quickstart", quickstart)
claimed = check("lists and claims executions", claims)
check("sends heartbeats and reports outcomes", reports)
check("usage", lambda: contains(run("usage"), "Plan:", "Executions:"))
check("known: usage prints a rate limit that it did not get", lambda: contains(run("usage"), "60 req/min"))
check("known: error messages are lost", error_texts)
check("known: --api-key beats CUEAPI_API_KEY, unlike its documentation says", flag_first)
check("deletes cues", deletes)
check("regenerates the key", new_key)
