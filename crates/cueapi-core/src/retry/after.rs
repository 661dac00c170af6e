//! How long the server asks to wait.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use ::http::{
    HeaderMap, HeaderValue,
    header::{DATE, RETRY_AFTER},
};
use cueapi_types::{ApiError, Payload};

/// CueAPI rounds its seconds down: a request that comes back after exactly that time is refused once more.
const ROUNDED_DOWN: Duration = Duration::from_secs(1);

/// Stands for a wait that cannot be read: the window of CueAPI's rate limit, after which every request is allowed again.
const UNREADABLE: Duration = Duration::from_secs(60);

/// Stands for every longer wait. Less than the range of the type, so that it can be added to a time.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The wait that a response asks for: the longest of its `Retry-After`, else the window of the limit that was hit.
///
/// A date is read against the response's own `Date`, since this crate reads no clock.
pub(crate) fn wait(headers: &HeaderMap, api: Option<&ApiError>) -> Option<Duration> {
    let window = api.and_then(window);
    let asked = headers.get_all(RETRY_AFTER).iter().map(|value| {
        let asked = read(value, headers).map(|asked| asked.saturating_add(ROUNDED_DOWN));
        asked.or(window).unwrap_or(UNREADABLE)
    });
    asked.max().or(window).map(|wait| wait.min(LONGEST))
}

/// The window of the limit that was hit, where the body names one.
fn window(api: &ApiError) -> Option<Duration> {
    let unreadable = || {
        let members: HashMap<String, Payload> = api.extra.as_ref()?.parse().ok()?;
        let window = members.get("window_seconds")?;
        (window.as_str() != "null").then_some(UNREADABLE)
    };
    let window = api.window_seconds.map(Duration::from_secs).or_else(unreadable)?;
    Some(window.max(ROUNDED_DOWN))
}

/// Seconds, several numbers of them, or a date.
fn read(value: &HeaderValue, headers: &HeaderMap) -> Option<Duration> {
    let value = value.to_str().ok()?.trim();
    if let Some(then) = date(value) {
        let now = date(headers.get(DATE)?.to_str().ok()?)?;
        // A date that has passed asks for no wait.
        return Some(then.duration_since(now).unwrap_or_default());
    }
    value
        .split(',')
        .map(seconds)
        .try_fold(Duration::ZERO, |longest, wait| Some(longest.max(wait?)))
}

/// In one of the three forms that HTTP has for dates.
fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

/// A number of any length, also with a fraction, which HTTP does not have and servers send.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let seconds = text.parse::<f64>().ok()?.ceil();
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn asked(values: &[&'static str]) -> Option<Duration> {
        let values: Vec<_> = values
            .iter()
            .map(|value| ("retry-after", *value))
            .chain([NOW])
            .collect();
        wait(&headers(&values), None)
    }

    fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn seconds_are_waited_out_and_one_more() {
        assert_eq!(asked(&["7"]), secs(8));
        assert_eq!(asked(&[" 0 "]), secs(1));
        assert_eq!(asked(&["2.503"]), secs(4));
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn a_date_of_each_form_is_read_against_the_response_s_own_date() {
        for date in [
            "Sun, 06 Nov 1994 08:49:42 GMT",
            "Sunday, 06-Nov-94 08:49:42 GMT",
            "Sun Nov  6 08:49:42 1994",
        ] {
            assert_eq!(asked(&[date]), secs(6), "{date}");
        }
        assert_eq!(asked(&["Sun, 06 Nov 1994 08:49:30 GMT"]), secs(1), "it has passed");
    }

    #[test]
    fn a_wait_beyond_any_range_is_a_long_one() {
        for huge in [
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            assert_eq!(asked(&[huge]), Some(LONGEST), "{huge}");
        }
    }

    #[test]
    fn of_several_waits_the_longest_counts() {
        assert_eq!(asked(&["1", "60", "2"]), secs(61));
        assert_eq!(asked(&["1, 60"]), secs(61));
        assert_eq!(asked(&["1", "Sun, 06 Nov 1994 08:50:37 GMT"]), secs(61));
        assert_eq!(asked(&["1", "soon"]), secs(60));
    }

    #[test]
    fn a_wait_that_cannot_be_read_is_a_whole_window() {
        for value in [
            "",
            "-1",
            "soon",
            "1 s",
            ".",
            "1..5",
            "inf",
            "1e3",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(asked(&[value]), secs(60), "{value}");
        }
        let without_date = headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:42 GMT")]);
        assert_eq!(wait(&without_date, None), secs(60));
        let api = ApiError::from_body(br#"{"error":{"code":"rate_limited","window_seconds":3600}}"#);
        assert_eq!(wait(&without_date, api.as_ref()), secs(3600));
    }

    #[test]
    fn without_a_retry_after_the_window_counts_and_one_that_cannot_be_read_is_a_whole_one() {
        for (seconds, waited) in [
            ("30", secs(30)),
            ("0", secs(1)),
            ("null", None),
            ("-1", secs(60)),
            ("\"60s\"", secs(60)),
            ("{}", secs(60)),
        ] {
            for body in [
                format!(r#"{{"error":{{"code":"x","message":"m","window_seconds":{seconds}}}}}"#),
                format!(r#"{{"error":"x","message":"m","window_seconds":{seconds}}}"#),
            ] {
                let api = ApiError::from_body(body.as_bytes());
                assert_eq!(wait(&HeaderMap::new(), api.as_ref()), waited, "{body}");
            }
        }
    }
}
