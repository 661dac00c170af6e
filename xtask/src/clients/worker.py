"""The worker daemon, cueapi-worker 0.3.0. Prefix `known:` marks a bug of the daemon that a server has to live with."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request

import yaml
from report import API_KEY, BASE_URL, check, expect, until

PROGRAM = os.path.join(os.path.dirname(sys.executable), "cueapi-worker")
FOLDER = tempfile.TemporaryDirectory(prefix="cueapi-worker-")
HOME = FOLDER.name
CONFIG = os.path.join(HOME, "worker.yaml")
LOG = os.path.join(HOME, "log")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CUEAPI_")} | {"HOME": HOME}

OUTCOME = {
    "result": "3 pages",
    "external_id": "job-1",
    "result_url": "https://shop.example/1",
    "result_ref": "ref-1",
    "result_type": "file",
    "summary": "all fine",
    "artifacts": [{"type": "file"}],
    "metadata": {"pages": 3},
}
HANDLERS = {
    "evidence": f"echo '{json.dumps(OUTCOME)}' > \"$CUEAPI_OUTCOME_FILE\"",
    "prints": "echo hello {{ payload.who }}",
    "sees": 'echo "$CUEAPI_CUE_NAME on $CUEAPI_WORKER_ID with $CUEAPI_PAYLOAD"',
    "fails": "echo too late >&2; exit 3",
    "refuses": """echo '{"success": false, "error": "not today"}' > "$CUEAPI_OUTCOME_FILE\"""",
    "garbled": 'echo "{" > "$CUEAPI_OUTCOME_FILE"; echo done',
    "hangs": {"cmd": "exec sleep 60", "timeout": 1},
    "talks": "head -c 3000 /dev/zero | tr '\\0' x",
}


def request(method, path, body=None):
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE_URL + path, data, headers, method=method)) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def fire(task):
    """A cue for the task, and its execution."""
    cue = {
        "name": f"worker-{task}",
        "schedule": {"type": "recurring", "cron": "0 9 * * *"},
        "transport": "worker",
        "payload": {"task": task, "who": "world"},
    }
    made = request("POST", "/v1/cues", cue)
    return made["id"], request("POST", f"/v1/cues/{made['id']}/fire", {})["id"]


def outcome(task):
    made, execution = fire(task)
    seen = until(lambda: (row := request("GET", f"/v1/executions/{execution}"))["outcome"] and row)
    request("DELETE", f"/v1/cues/{made}")
    return seen


def evidence():
    made, execution = fire("evidence")
    # The API shows no evidence; the page does.
    seen = until(lambda: request("GET", f"/emulator/executions/{execution}")["outcome"])
    expect(seen.pop("success"), True)
    for name, value in OUTCOME.items():
        shown = json.loads(seen[name]["text"]) if name in ("artifacts", "metadata") else seen[name]
        expect(shown, value)
    expect(request("GET", f"/v1/executions/{execution}")["status"], "success")
    request("DELETE", f"/v1/cues/{made}")


def fails(task, error):
    seen = outcome(task)
    expect((seen["status"], seen["outcome"]["success"], seen["outcome"]["error"]), ("failed", False, error))


def sees():
    seen = outcome("sees")["outcome"]["result"]
    expect(seen, 'worker-sees on emulated with {"who": "world", "task": "sees"}\n')


def garbled():
    seen = outcome("garbled")["outcome"]
    assert "outcome_file_malformed_json" in seen["metadata"]["_cueapi_worker"]["outcome_file_parse_error"], seen


def leaves_alone():
    made, execution = fire("unknown")
    other = outcome("prints")
    expect(other["status"], "success")
    expect(request("GET", f"/v1/executions/{execution}")["status"], "pending")
    request("DELETE", f"/v1/cues/{made}")


def loses():
    made, execution = fire("talks")
    until(lambda: f"Failed to report outcome for {execution}: 422" in open(LOG).read())
    seen = request("GET", f"/v1/executions/{execution}")
    expect((seen["status"], seen["outcome"]), ("delivering", None))
    request("DELETE", f"/v1/cues/{made}")


def registers():
    worker = until(lambda: request("GET", "/v1/workers")["workers"])[0]
    expect((worker["worker_id"], worker["heartbeat_status"]), ("emulated", "active"))
    expect(sorted(worker["handlers"]), sorted(HANDLERS))


def stops():
    daemon.send_signal(signal.SIGTERM)
    expect(daemon.wait(timeout=20), 0)
    assert "Worker daemon stopped" in open(LOG).read()


def status():
    done = subprocess.run([PROGRAM, "status", "-c", CONFIG], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    expect(done.returncode, 0)


def refused():
    with open(CONFIG) as file:
        config = yaml.safe_load(file) | {"api_key": "cue_sk_" + "0" * 32}
    with open(CONFIG, "w") as file:
        yaml.safe_dump(config, file)
    done = subprocess.run([PROGRAM, "start", "-c", CONFIG], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    expect(done.returncode, 1)


with open(CONFIG, "w") as file:
    settings = {"api_key": API_KEY, "api_base": BASE_URL, "worker_id": "emulated", "poll_interval": 0.1}
    yaml.safe_dump(settings | {"handlers": HANDLERS}, file)
check("status sends a heartbeat", status)
with open(LOG, "w") as log:
    daemon = subprocess.Popen([PROGRAM, "start", "-c", CONFIG], env=ENVIRONMENT, stdout=log, stderr=log)
try:
    check("registers its handlers", registers)
    check("runs a job whose outcome file carries evidence", evidence)
    check("fills in templates, and takes the output for the result", lambda: expect(outcome("prints")["outcome"]["result"], "hello world\n"))
    check("gives the handler its environment", sees)
    check("reports a handler that fails", lambda: fails("fails", "too late\n"))
    check("reports a handler that says no", lambda: fails("refuses", "not today"))
    check("reports a handler that hangs", lambda: fails("hangs", "Handler timeout exceeded (1s)"))
    check("tells of an outcome file that it cannot read", garbled)
    check("leaves other workers' tasks alone", leaves_alone)
    check("known: an outcome longer than 2,000 characters is lost", loses)
    check("shuts down cleanly on SIGTERM", stops)
finally:
    daemon.kill()
check("known: a wrong key ends it with code 1", refused)
