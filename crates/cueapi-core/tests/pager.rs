//! Walking through a list while it changes and while the network fails.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use cueapi_core::{
    ErrorKind, RetryPolicy,
    http::HttpErrorKind,
    testing::{self, Replay, ReplayClient, failure, json},
    types::UnreadableRow,
};
use serde_json::json as value;

/// A page that claims that there are nine rows in all.
fn page(ids: &[&str]) -> Replay {
    page_of(ids, value!(9))
}

fn page_of(ids: &[&str], total: serde_json::Value) -> Replay {
    let rows: Vec<_> = ids.iter().map(|id| value!({"id": id, "status": "success"})).collect();
    json(200, value!({"executions": rows, "total": total}).to_string())
}

/// The answer of a server that says this to everything.
fn forever(answer: impl Fn() -> Replay) -> ReplayClient {
    ReplayClient::new(times(1_000, answer))
}

fn times(n: usize, answer: impl Fn() -> Replay) -> Vec<Replay> {
    std::iter::repeat_with(answer).take(n).collect()
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
    let outage = || failure(HttpErrorKind::Interrupted);
    let replay = ReplayClient::new([page(&["b"]), outage(), page(&["a"]), page(&[])]);
    let client = replay.builder().retry(RetryPolicy::none()).build().unwrap();
    let mut pager = client.executions().list().pager();
    assert_eq!(testing::run(pager.next()).unwrap().unwrap().id.as_str(), "b");
    assert_eq!(
        testing::run(pager.next()).unwrap().unwrap_err().kind(),
        ErrorKind::Interrupted
    );
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
        .offset(3)
        .pager()
        .map(|row| row.map(|row| row.id))
        .collect();
    assert_eq!(ids.unwrap().len(), 2);
    assert_eq!(queries(&replay), ["offset=3", "offset=5"]);
}

/// How many requests a blocking pager makes for all that comes of it, with what came.
fn walked(replay: &ReplayClient) -> (usize, Vec<Result<String, ErrorKind>>) {
    let client = replay.builder().retry(RetryPolicy::none()).build_blocking().unwrap();
    let rows = client.executions().list().pager();
    let rows = rows.map(|row| row.map(|row| row.id.to_string()).map_err(|error| error.kind()));
    let rows = rows.take(10_000).collect();
    (replay.requests().len(), rows)
}

#[test]
fn the_end_is_where_the_total_is_reached() {
    let replay = ReplayClient::new([page_of(&["c", "b"], value!(3)), page_of(&["a"], value!(3))]);
    assert_eq!(walked(&replay).0, 2);
    let all_on_one = ReplayClient::new([page_of(&["a"], value!(1))]);
    assert_eq!(walked(&all_on_one).0, 1);
}

#[test]
fn a_server_that_ignores_the_offset_is_asked_twice() {
    for total in [value!(1_000_000), value!(null), value!(1e30), value!("many")] {
        let replay = forever(|| page_of(&["b", "a"], total.clone()));
        let (requests, rows) = walked(&replay);
        assert_eq!((requests, rows.len()), (2, 2));
    }
}

#[test]
fn a_last_page_that_comes_again_is_the_end() {
    let mut pages = vec![page(&["c", "b"]), page(&["a"])];
    pages.extend(times(100, || page(&["a"])));
    let (requests, rows) = walked(&ReplayClient::new(pages));
    assert_eq!((requests, rows.len()), (3, 3));
}

#[test]
fn a_page_that_fails_for_good_is_the_end() {
    for (status, kind) in [
        (401, ErrorKind::Authentication),
        (404, ErrorKind::NotFound),
        (422, ErrorKind::Invalid),
    ] {
        let (requests, rows) = walked(&forever(|| json(status, "{}")));
        assert_eq!((requests, rows), (1, vec![Err(kind)]));
    }
    let (requests, rows) = walked(&forever(|| json(200, r#"{"rows":[]}"#)));
    assert_eq!((requests, rows), (1, vec![Err(ErrorKind::Decode)]));
}

#[test]
fn a_page_that_may_come_later_is_asked_for_five_times() {
    let answers: [(fn() -> Replay, ErrorKind); 4] = [
        (|| json(503, "{}"), ErrorKind::Server),
        (|| json(429, "{}"), ErrorKind::RateLimited),
        (|| failure(HttpErrorKind::Connect), ErrorKind::Connect),
        (|| failure(HttpErrorKind::Timeout), ErrorKind::Timeout),
    ];
    for (answer, kind) in answers {
        let (requests, rows) = walked(&forever(answer));
        assert_eq!((requests, rows), (5, vec![Err(kind); 5]), "{kind:?}");
    }
    // A page in between starts the count again.
    let mut answers = times(4, || json(503, "{}"));
    answers.push(page(&["b"]));
    answers.extend(times(100, || json(503, "{}")));
    assert_eq!(walked(&ReplayClient::new(answers)).0, 10);
}

#[test]
fn a_row_that_cannot_be_read_is_one_error_and_the_next_row_follows() {
    let body = r#"{"executions":[{"id":"c"},{"id":"b","status":7},{"id":"a"}],"total":3}"#;
    let (requests, rows) = walked(&ReplayClient::new([json(200, body)]));
    assert_eq!(requests, 1);
    assert_eq!(rows, [Ok("c".to_owned()), Err(ErrorKind::Decode), Ok("a".to_owned())]);

    let replay = ReplayClient::new([json(200, body)]);
    let errors = replay
        .blocking_client()
        .executions()
        .list()
        .pager()
        .filter_map(Result::err);
    let error = errors.into_iter().next().unwrap();
    assert_eq!(
        error.to_string(),
        "executions.list failed: row 1 (b) cannot be read: $.status should be a string"
    );
    let row = std::error::Error::source(&error).unwrap();
    assert_eq!(row.downcast_ref::<UnreadableRow>().unwrap().id(), Some("b"));
}

#[test]
fn rows_that_cannot_be_read_do_not_go_on_for_ever() {
    for rows in [r#"[{"id":"a","status":7}]"#, r#"[7, null, "x"]"#] {
        let body = format!(r#"{{"executions":{rows}}}"#);
        let (requests, came) = walked(&forever(|| json(200, body.clone())));
        assert_eq!(requests, 2, "{rows}");
        assert!(came.iter().all(Result::is_err));
    }
}

#[test]
fn the_async_pager_ends_as_the_blocking_one_does() {
    let answers: [(fn() -> Replay, usize); 3] = [
        (|| page(&["b", "a"]), 2),
        (|| json(401, "{}"), 1),
        (|| json(503, "{}"), 5),
    ];
    for (answer, requests) in answers {
        let replay = forever(answer);
        let client = replay.builder().retry(RetryPolicy::none()).build().unwrap();
        let mut pager = client.executions().list().pager();
        while testing::run(pager.next()).is_some() {}
        assert_eq!(replay.requests().len(), requests);
    }
}

#[test]
fn a_loop_over_events_ends_although_the_cursor_does_not_move() {
    let page = r#"{"events":[{"id":16},{"id":"odd","event_type":7}],"next_cursor":16,"has_more":true}"#;
    let replay = forever(|| json(200, page));
    let events = replay.client().events();
    let mut since = Some(0);
    while let Some(cursor) = since {
        let page = testing::run(events.pull("agt_1").since(cursor).wait().send()).unwrap();
        assert_eq!((page.events.len(), page.events.unreadable().len()), (1, 1));
        since = page.more_after(cursor);
    }
    assert_eq!(replay.requests().len(), 2);
}

#[test]
fn a_long_poll_is_repeated_as_often_as_any_call() {
    let requests = |wait: bool| {
        let replay = forever(|| json(503, "{}"));
        let pull = replay.client().events().pull("agt_1");
        let pull = if wait { pull.wait() } else { pull };
        testing::run(pull.send()).unwrap_err();
        replay.requests().len()
    };
    assert_eq!(requests(true), requests(false));
    assert!(requests(true) <= 5, "{}", requests(true));
}

#[test]
fn every_row_without_an_id_is_an_error_although_another_is_equal() {
    let rows = || json(200, r#"{"executions":[{},null,{},{"id":"a"},{}],"total":99}"#);
    let (requests, rows) = walked(&forever(rows));
    assert_eq!((requests, rows.len()), (2, 5));
    assert_eq!(rows.iter().filter(|row| row.is_err()).count(), 4);
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
