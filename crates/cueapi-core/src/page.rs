//! Walking through a list that the server hands out in pages.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    iter::FusedIterator,
};

use cueapi_types::{Rows, UnreadableRow};

use crate::{
    blocking::BlockingClient,
    client::Client,
    endpoint::Endpoint,
    error::{Error, ErrorKind},
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

    /// How many rows there are in all pages, where a page says so.
    fn total(page: &Self::Output) -> Option<u64>;

    /// The rows of a page.
    fn items(page: Self::Output) -> Rows<Self::Item>;

    /// What tells one row from another.
    fn key(item: &Self::Item) -> &str;
}

/// All rows of a list, page after page, in the server's order.
///
/// Offsets have no snapshot: rows that appear while pages are read push others into the next page, where they come a
/// second time. The pager remembers the ids it has handed out and drops those. (Rows that disappear meanwhile pull
/// others into a page that has been read; those are missed, as with every offset-paged list.)
///
/// It ends when as many rows were read as the server says there are, and at a page that brings nothing new: an empty one,
/// or one that a server or a cache repeats. So every page but the last brings a row, and there are no more requests than
/// rows, and one.
///
/// A row that cannot be read is an error of the kind [`Decode`](ErrorKind::Decode), whose
/// [`source`](std::error::Error::source) is the [`UnreadableRow`]; the next row follows. A page that fails is an error,
/// too. If it can succeed later (no connection, a timeout, 429, 5xx), `next` asks for the same page again, up to five
/// times in a row; any other failure is the end.
///
/// ```
/// use cueapi_core::testing::{self, ReplayClient, json};
///
/// # let cue = |id: &str| format!(r#"{{"id":"{id}","name":"n"}}"#);
/// # let page = |rows: &[String]| format!(r#"{{"cues":[{}],"total":2,"limit":1,"offset":0}}"#, rows.join(","));
/// # let (first, second) = (page(&[cue("cue_2")]), page(&[cue("cue_1")]));
/// let replay = ReplayClient::new([json(200, first), json(200, second)]);
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
    rows: VecDeque<Result<E::Item, UnreadableRow>>,
    seen: HashSet<Box<str>>,
    /// How many pages in a row have failed.
    failures: u32,
    finished: bool,
}

/// So many failures in a row end the walk.
const MAX_FAILURES: u32 = 5;

impl<C, E: PagedEndpoint> Pager<C, E> {
    fn new(first_page: Pending<C, E>) -> Self {
        Self {
            next_page: first_page,
            rows: VecDeque::new(),
            seen: HashSet::new(),
            failures: 0,
            finished: false,
        }
    }

    /// What is handed out next: a row, or the end. `None` where another page is needed first.
    fn buffered(&mut self) -> Option<Option<Result<E::Item, Error>>> {
        match self.rows.pop_front() {
            Some(row) => Some(Some(row.map_err(|row| Error::unreadable(E::ID, row)))),
            None => self.finished.then_some(None),
        }
    }

    fn take_page(&mut self, page: Result<E::Output, Error>) -> Result<(), Error> {
        let page = page.inspect_err(|error| {
            self.failures += 1;
            self.finished = !is_transient(error.kind()) || self.failures >= MAX_FAILURES;
        })?;
        self.failures = 0;
        let total = E::total(&page);
        let rows = E::items(page);
        let endpoint = &mut self.next_page.endpoint;
        let offset = endpoint
            .offset()
            .saturating_add((rows.len() + rows.unreadable().len()) as u64);
        endpoint.set_offset(offset);
        // Rows without an id are told apart by their texts, and equal ones by how many of them came before in the page.
        let mut nameless: HashMap<Box<str>, usize> = HashMap::new();
        self.rows.extend(rows.into_results().filter(|row| {
            let key: Box<str> = match row {
                Ok(row) => E::key(row).into(),
                Err(row) => row.id().map(Into::into).unwrap_or_else(|| {
                    let equal = nameless.entry(row.json().as_str().into()).or_default();
                    *equal += 1;
                    format!("{equal} {}", row.json().as_str()).into()
                }),
            };
            self.seen.insert(key)
        }));
        self.finished = self.rows.is_empty() || total.is_some_and(|total| offset >= total);
        Ok(())
    }
}

/// Whether the same page may come later.
fn is_transient(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted | ErrorKind::RateLimited | ErrorKind::Server
    )
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
            if let Some(next) = self.buffered() {
                return next;
            }
            let page = self.next_page.clone().send().await;
            if let Err(error) = self.take_page(page) {
                return Some(Err(error));
            }
        }
    }
}

impl<B: BlockingHttpClient, E: PagedEndpoint> Iterator for Pager<BlockingClient<B>, E> {
    type Item = Result<E::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.buffered() {
                return next;
            }
            let page = self.next_page.clone().send();
            if let Err(error) = self.take_page(page) {
                return Some(Err(error));
            }
        }
    }
}

impl<B: BlockingHttpClient, E: PagedEndpoint> FusedIterator for Pager<BlockingClient<B>, E> {}

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
