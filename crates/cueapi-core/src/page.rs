//! Walking through a list that the server hands out in pages.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
};

use crate::{
    blocking::BlockingClient,
    client::Client,
    endpoint::Endpoint,
    error::Error,
    http::{BlockingHttpClient, LocalHttpClient},
    pending::Pending,
};

/// An endpoint that lists in pages by offset, newest first.
///
/// ```
/// use cueapi_core::{PagedEndpoint, api::cues::ListCues};
///
/// let mut list = ListCues::new();
/// list.set_offset(50);
/// assert_eq!(list.offset(), 50);
/// ```
pub trait PagedEndpoint: Endpoint + Clone {
    /// What the list is of.
    type Item;

    /// Where this page starts.
    fn offset(&self) -> u64;

    /// Asks for the page that starts here.
    fn set_offset(&mut self, offset: u64);

    /// The rows of a page.
    fn items(page: Self::Output) -> Vec<Self::Item>;

    /// What tells one row from another.
    fn key(item: &Self::Item) -> &str;
}

/// All rows of a list, page after page, in the server's order.
///
/// Offsets have no snapshot: rows that appear while pages are read push others into the next page, where they come a
/// second time. The pager remembers the ids it has handed out and drops those. (Rows that disappear meanwhile pull
/// others into a page that has been read; those are missed, as with every offset-paged list.) An empty page is the end.
///
/// An error does not lose the place: `next` asks for the same page again.
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// # let cue = |id: &str| format!(r#"{{"id":"{id}","name":"n","status":"active","transport":"worker","schedule":{{"type":"recurring","cron":"0 9 * * *","timezone":"UTC"}},"callback":{{"url":"","method":"POST"}},"retry":{{"max_attempts":3,"backoff_minutes":[1]}},"created_at":"2026-11-23T20:41:10Z","updated_at":"2026-11-23T20:41:10Z"}}"#);
/// # let page = |rows: &[String]| format!(r#"{{"cues":[{}],"total":2,"limit":1,"offset":0}}"#, rows.join(","));
/// # let (first, second, last) = (page(&[cue("cue_2")]), page(&[cue("cue_1")]), page(&[]));
/// let replay = ReplayClient::new([json(200, first), json(200, second), json(200, last)]);
/// let ids: Result<Vec<_>, _> = replay
///     .blocking_client()
///     .cues()
///     .list()
///     .limit(1)
///     .pager()
///     .map(|cue| cue.map(|cue| cue.id.to_string()))
///     .collect();
/// assert_eq!(ids?, ["cue_2", "cue_1"]);
/// # Ok::<(), cueapi_core::Error>(())
/// ```
pub struct Pager<C, E: PagedEndpoint> {
    next_page: Pending<C, E>,
    rows: VecDeque<E::Item>,
    seen: HashSet<Box<str>>,
    finished: bool,
}

impl<C, E: PagedEndpoint> Pager<C, E> {
    fn new(first_page: Pending<C, E>) -> Self {
        Self {
            next_page: first_page,
            rows: VecDeque::new(),
            seen: HashSet::new(),
            finished: false,
        }
    }

    fn take_page(&mut self, page: E::Output) {
        let rows = E::items(page);
        self.finished = rows.is_empty();
        let endpoint = &mut self.next_page.endpoint;
        endpoint.set_offset(endpoint.offset().saturating_add(rows.len() as u64));
        self.rows
            .extend(rows.into_iter().filter(|row| self.seen.insert(E::key(row).into())));
    }
}

impl<T, E: PagedEndpoint> Pending<Client<T>, E> {
    /// Walks through all rows, from this page on; `limit` sets how many a request brings.
    pub fn pager(self) -> Pager<Client<T>, E> {
        Pager::new(self)
    }
}

impl<B, E: PagedEndpoint> Pending<BlockingClient<B>, E> {
    /// Walks through all rows, from this page on; `limit` sets how many a request brings.
    pub fn pager(self) -> Pager<BlockingClient<B>, E> {
        Pager::new(self)
    }
}

impl<T: LocalHttpClient, E: PagedEndpoint> Pager<Client<T>, E> {
    /// The next row; `None` after the last.
    ///
    /// When the future is dropped before it is ready, no row is lost: the next call asks for the same page again.
    ///
    /// ```
    /// use cueapi_core::testing::{self, ReplayClient, json};
    ///
    /// let client = ReplayClient::new([json(200, r#"{"cues":[],"total":0,"limit":50,"offset":0}"#)]).client();
    /// let mut cues = client.cues().list().pager();
    /// assert!(testing::run(cues.next()).is_none());
    /// ```
    pub async fn next(&mut self) -> Option<Result<E::Item, Error>> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Some(Ok(row));
            }
            if self.finished {
                return None;
            }
            match self.next_page.clone().send().await {
                Ok(page) => self.take_page(page),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<B: BlockingHttpClient, E: PagedEndpoint> Iterator for Pager<BlockingClient<B>, E> {
    type Item = Result<E::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Some(Ok(row));
            }
            if self.finished {
                return None;
            }
            match self.next_page.clone().send() {
                Ok(page) => self.take_page(page),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(feature = "stream")]
impl<T, E> Pager<Client<T>, E>
where
    T: crate::http::HttpClient,
    E: PagedEndpoint + Send + Sync + 'static,
    E::Item: Send + Sync,
{
    /// The rows as a [`Stream`](futures_core::Stream) (feature `stream`).
    pub fn into_stream(self) -> impl futures_core::Stream<Item = Result<E::Item, Error>> + Send + use<T, E> {
        stream::Rows::new(self)
    }
}

impl<C, E: PagedEndpoint> fmt::Debug for Pager<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager")
            .field("operation", &E::ID)
            .field("offset", &self.next_page.endpoint.offset())
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "stream")]
mod stream {
    use std::{
        pin::Pin,
        task::{Context, Poll, ready},
    };

    use super::{Client, Error, PagedEndpoint, Pager};
    use crate::http::HttpClient;

    type Next<T, E> = (Pager<Client<T>, E>, Option<Result<<E as PagedEndpoint>::Item, Error>>);

    /// The future of one row; it owns the pager and gives it back.
    pub(super) struct Rows<T, E: PagedEndpoint>(Pin<Box<dyn Future<Output = Next<T, E>> + Send>>);

    impl<T: HttpClient, E> Rows<T, E>
    where
        E: PagedEndpoint + Send + Sync + 'static,
        E::Item: Send + Sync,
    {
        pub(super) fn new(mut pager: Pager<Client<T>, E>) -> Self {
            Self(Box::pin(async move {
                let row = pager.next().await;
                (pager, row)
            }))
        }
    }

    impl<T: HttpClient, E> futures_core::Stream for Rows<T, E>
    where
        E: PagedEndpoint + Send + Sync + 'static,
        E::Item: Send + Sync,
    {
        type Item = Result<E::Item, Error>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            let (pager, row) = ready!(self.0.as_mut().poll(cx));
            *self = Self::new(pager);
            Poll::Ready(row)
        }
    }
}
