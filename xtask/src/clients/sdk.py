"""The Python SDK, cueapi-sdk 0.1.3. Prefix `known:` marks a bug of the SDK that a server has to live with."""

import datetime
import time

from cueapi import (
    AuthenticationError,
    CueAPI,
    CueAPIError,
    CueNotFoundError,
    CuePayload,
    InvalidScheduleError,
    verify_webhook,
)
from report import API_KEY, BASE_URL, WEBHOOK_SECRET, Receiver, check, expect, expect_raises, until

client = CueAPI(API_KEY, base_url=BASE_URL)
receiver = Receiver()


def soon():
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)


def create():
    cue = client.cues.create(
        name="sdk-report",
        cron="0 9 * * *",
        timezone="Europe/Paris",
        callback=receiver.url,
        callback_headers={"X-Shop": "seven"},
        payload=CuePayload().task("report").extra("price", 1.5).build(),
        description="made by the SDK",
        retry={"max_attempts": 2, "backoff_minutes": [1, 2]},
        on_failure={"email": False, "pause": True},
    )
    expect((cue.name, cue.status, cue.schedule.timezone), ("sdk-report", "active", "Europe/Paris"))
    expect((cue.retry.max_attempts, cue.on_failure.pause, cue.callback.headers), (2, True, {"X-Shop": "seven"}))
    assert cue.next_run > datetime.datetime.now(datetime.timezone.utc)
    return cue


def lists():
    page = client.cues.list(limit=1, status="active")
    expect((page.total, page.limit, page.cues[0].id), (1, 1, cue.id))
    expect(client.cues.list(status="paused").total, 0)


def update():
    changed = client.cues.update(cue.id, name="sdk-renamed", cron="30 9 * * *", timezone="UTC", payload={"n": 2})
    expect((changed.name, changed.schedule.cron, changed.payload), ("sdk-renamed", "30 9 * * *", {"n": 2}))


def update_resets():
    changed = client.cues.update(cue.id, callback=receiver.url)
    expect(changed.callback.headers, {})
    changed = client.cues.update(cue.id, cron="0 8 * * *")
    expect(changed.schedule.timezone, "UTC")


def pause_and_resume():
    paused = client.cues.pause(cue.id)
    expect((paused.status, paused.next_run), ("paused", None))
    resumed = client.cues.resume(cue.id)
    expect(resumed.status, "active")
    assert resumed.next_run


def runs_once():
    once = client.cues.create(name="sdk-once", at=soon(), callback=receiver.url, payload={"z": 1, "a": [1.0, "é"]})
    headers, body = receiver.next()
    expect(headers["X-CueAPI-Cue-Id"], once.id)
    until(lambda: client.cues.get(once.id).status == "completed")
    client.cues.delete(once.id)
    return headers, body


def verifies():
    headers, body = delivery
    signature, timestamp = headers["X-CueAPI-Signature"], headers["X-CueAPI-Timestamp"]
    expect(verify_webhook(body, signature, WEBHOOK_SECRET, timestamp), True)
    expect(verify_webhook(body.decode(), signature, WEBHOOK_SECRET, timestamp), True)
    expect(verify_webhook(body.replace(b"1.0", b"2.0"), signature, WEBHOOK_SECRET, timestamp), False)
    expect(verify_webhook(body, signature, WEBHOOK_SECRET + "0", timestamp), False)
    expect(verify_webhook(body, signature, WEBHOOK_SECRET, str(int(timestamp) - 301)), False)


def worker_execution(name):
    """The SDK has no fire and no claim: sent with its own transport."""
    made = client.cues.create(name=name, cron="0 9 * * *", transport="worker", payload={"task": "resize"})
    fired = client._post(f"/v1/cues/{made.id}/fire", json={})
    claimed = client._post("/v1/executions/claim", json={"worker_id": "sdk-worker"})
    expect(claimed["execution_id"], fired["id"])
    return made.id, fired["id"]


def reports():
    made, execution = worker_execution("sdk-worker-cue")
    client.executions.heartbeat(execution)
    answer = client.executions.report_outcome(
        execution,
        success=True,
        result="done",
        metadata={"pages": 3},
        external_id="job-1",
        result_url="https://shop.example/1",
        result_type="file",
        summary="one file",
        artifacts=[{"type": "file"}],
    )
    expect(answer["outcome_state"], "reported_success")
    seen = client.executions.get(execution)
    expect((seen["status"], seen["outcome"]["result"], seen["outcome"]["metadata"]), ("success", "done", {"pages": 3}))
    error = expect_raises(CueAPIError, lambda: client.executions.report_outcome(execution, success=True))
    expect((error.status_code, error.code), (409, "outcome_already_recorded"))
    return made, execution


def verifies_outcome():
    expect(client.executions.mark_verification_pending(reported[1])["outcome_state"], "verification_pending")
    expect(client.executions.mark_verified(reported[1])["outcome_state"], "verified_success")


def rejects():
    client.executions.mark_verification_pending(reported[1])
    answer = client.executions.mark_verified(reported[1], valid=False, reason="blurred")
    expect(answer["outcome_state"], "verified_success")


def handles():
    made, execution = worker_execution("sdk-handled")
    with client.executions.handle(execution) as context:
        context.result = "handled"
    expect(client.executions.get(execution)["outcome"]["result"], "handled")
    client.cues.delete(made)
    made, execution = worker_execution("sdk-broken")

    def breaks():
        with client.executions.handle(execution):
            raise KeyError("colour")

    expect_raises(KeyError, breaks)
    expect(client.executions.get(execution)["outcome"]["error"], "'colour'")
    client.cues.delete(made)


def lists_executions():
    page = client.executions.list(cue_id=reported[0], status="success", limit=5)
    expect([row["id"] for row in page["executions"]], [reported[1]])
    expect(client.executions.list(cue_id=reported[0], outcome_state="reported_failure")["executions"], [])


def errors():
    expect_raises(CueNotFoundError, lambda: client.cues.get("cue_000000000000"))
    error = expect_raises(InvalidScheduleError, lambda: client.cues.create(name="x", cron="nonsense", callback=receiver.url))
    expect((error.status_code, error.code), (400, "invalid_schedule"))
    error = expect_raises(CueAPIError, lambda: client.cues.create(name="sdk-renamed", cron="* * * * *", callback=receiver.url))
    expect((error.status_code, error.code), (409, "duplicate_cue_name"))
    expect_raises(AuthenticationError, lambda: CueAPI("cue_sk_" + "0" * 32, base_url=BASE_URL).cues.list())


def deletes():
    for made in (cue.id, reported[0]):
        client.cues.delete(made)
        expect_raises(CueNotFoundError, lambda: client.cues.get(made))
    expect(client.cues.list().total, 0)


cue = check("creates a cue", create)
check("lists cues", lists)
check("gets a cue", lambda: expect(client.cues.get(cue.id).id, cue.id))
check("updates a cue", update)
check("known: update(callback=) resets headers, update(cron=) the time zone", update_resets)
check("pauses and resumes a cue", pause_and_resume)
delivery = check("a one-time cue runs and completes", runs_once)
check("verify_webhook accepts a real delivery, and only that", verifies)
reported = check("reports an outcome with evidence, once", reports)
check("marks an outcome as pending and verified", verifies_outcome)
check("known: mark_verified(valid=False) verifies", rejects)
check("handle() reports success and failure", handles)
check("lists executions", lists_executions)
check("raises its exceptions", errors)
check("deletes cues", deletes)
