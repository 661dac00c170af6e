//! How long the server asks to wait.

use std::time::Duration;

use ::http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};
use cueapi_types::{ApiError, Timestamp};

/// CueAPI rounds its seconds down: whoever comes back after exactly that time is refused once more.
const ROUNDED_DOWN: Duration = Duration::from_secs(1);

/// The wait that a response asks for: its `Retry-After` in seconds or as a date, else the window of the limit that was hit.
///
/// A date is read against the response's own `Date`, since this crate reads no clock.
pub(crate) fn wait(headers: &HeaderMap, api: Option<&ApiError>) -> Option<Duration> {
    if let Some(asked) = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) {
        let asked = asked.trim();
        let seconds = match asked.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => until(asked, headers),
        };
        if let Some(seconds) = seconds {
            return Some(seconds.saturating_add(ROUNDED_DOWN));
        }
    }
    api?.window_seconds.map(Duration::from_secs)
}

fn until(date: &str, headers: &HeaderMap) -> Option<Duration> {
    let then = Timestamp::from_http_date(date).ok()?;
    let now = Timestamp::from_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    // A date that has passed asks for no wait.
    let seconds = then.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(seconds.try_into().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn seconds_are_waited_out_and_one_more() {
        assert_eq!(
            wait(&headers(&[("retry-after", "7")]), None),
            Some(Duration::from_secs(8))
        );
        assert_eq!(
            wait(&headers(&[("retry-after", " 0 ")]), None),
            Some(Duration::from_secs(1))
        );
        let huge = "18446744073709551615";
        assert_eq!(wait(&headers(&[("retry-after", huge)]), None), Some(Duration::MAX));
    }

    #[test]
    fn a_date_is_read_against_the_response_s_own_date() {
        let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:42 GMT"), now]);
        assert_eq!(wait(&later, None), Some(Duration::from_secs(6)));
        let past = headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT"), now]);
        assert_eq!(wait(&past, None), Some(Duration::from_secs(1)));
        assert_eq!(
            wait(&headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:42 GMT")]), None),
            None
        );
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for value in [
            "",
            "-1",
            "1.5",
            "soon",
            "99999999999999999999999",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(
                wait(&headers(&[("retry-after", value), ("date", "x")]), None),
                None,
                "{value}"
            );
        }
    }
}
