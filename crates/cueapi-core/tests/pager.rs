//! Walking through a list while it changes and while the network fails.

use cueapi_core::{
    ErrorKind,
    http::HttpErrorKind,
    testing::{self, Replay, ReplayClient, failure, json},
};
use serde_json::json as value;

fn page(ids: &[&str]) -> Replay {
    let rows: Vec<_> = ids
        .iter()
        .map(|id| {
            value!({
                "id": id, "cue_id": "cue_1", "scheduled_for": "2026-11-23T20:41:10Z", "status": "success", "http_status": null,
                "attempts": 1, "error_message": null, "started_at": null, "delivered_at": null, "last_attempt_at": null,
                "outcome": null, "created_at": "2026-11-23T20:41:10Z", "updated_at": "2026-11-23T20:41:11Z"
            })
        })
        .collect();
    let page =
        value!({"executions": rows, "total": 9, "limit": 2, "offset": 0, "has_more": true, "oldest_claimed_at": null});
    json(200, page.to_string())
}

/// The query of every request.
fn queries(replay: &ReplayClient) -> Vec<String> {
    let query = |request: String| {
        request
            .lines()
            .next()
            .and_then(|line| line.split_once('?'))
            .map(|(_, query)| query.to_owned())
    };
    replay
        .requests()
        .into_iter()
        .map(|request| query(request).unwrap_or_default())
        .collect()
}

#[test]
fn every_row_comes_once_although_rows_shift_while_pages_are_read() {
    // "c" appeared after the first page and pushed "a" into the second.
    let replay = ReplayClient::new([page(&["b", "a"]), page(&["a", "z"]), page(&[])]);
    let mut pager = replay.client().executions().list().limit(2).pager();
    let mut ids = Vec::new();
    while let Some(row) = testing::run(pager.next()) {
        ids.push(row.unwrap().id.to_string());
    }
    assert_eq!(ids, ["b", "a", "z"]);
    assert_eq!(queries(&replay), ["limit=2", "limit=2&offset=2", "limit=2&offset=4"]);
    assert!(testing::run(pager.next()).is_none(), "the end stays the end");
    assert_eq!(replay.requests().len(), 3);
}

#[test]
fn an_error_does_not_lose_the_place() {
    let outage = || failure(HttpErrorKind::Other);
    let replay = ReplayClient::new([page(&["b"]), outage(), page(&["a"]), page(&[])]);
    let mut pager = replay.client().executions().list().pager();
    assert_eq!(testing::run(pager.next()).unwrap().unwrap().id.as_str(), "b");
    assert_eq!(testing::run(pager.next()).unwrap().unwrap_err().kind(), ErrorKind::Http);
    assert_eq!(testing::run(pager.next()).unwrap().unwrap().id.as_str(), "a");
    assert!(testing::run(pager.next()).is_none());
}

#[test]
fn the_blocking_pager_is_an_iterator() {
    let replay = ReplayClient::new([page(&["b", "a"]), page(&[])]);
    let ids: Result<Vec<_>, _> = replay
        .blocking_client()
        .executions()
        .list()
        .offset(10)
        .pager()
        .map(|row| row.map(|row| row.id))
        .collect();
    assert_eq!(ids.unwrap().len(), 2);
    assert_eq!(queries(&replay), ["offset=10", "offset=12"]);
}

#[cfg(feature = "stream")]
#[test]
fn the_pager_is_a_stream_too() {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use futures_core::Stream;

    let replay = ReplayClient::new([page(&["b", "a"]), page(&[])]);
    let mut stream = pin!(replay.client().executions().list().pager().into_stream());
    let mut rows = 0;
    while let Poll::Ready(Some(row)) = stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {
        row.unwrap();
        rows += 1;
    }
    assert_eq!(rows, 2);
}
