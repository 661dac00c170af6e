//! The cases: each a statement of the contract, why it matters, and a script that shows it.

use std::time::Duration;

use ::http::Method;

use super::{
    case::{Call, Case, Step},
    message::{chunk, chunked, head, response},
    server::{FLOOD, Reply},
};
use crate::http::HttpErrorKind::{Connect, Interrupted, Other, Timeout, TooLarge, Unsendable};

const SHORT: Duration = Duration::from_millis(250);

static EVERY_BYTE: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut index = 0;
    while index < 256 {
        bytes[index] = index.to_le_bytes()[0];
        index += 1;
    }
    bytes
};

static LARGE: [u8; 256 * 1024] = [b'x'; 256 * 1024];

pub(super) fn all() -> Vec<Case> {
    [
        requests(),
        answers(),
        one_exchange(),
        limits(),
        failures(),
        foreign(),
        connections(),
        closing(),
        waiting(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn ok() -> Vec<u8> {
    response(200, &[("content-type", b"application/json")], b"{}")
}

/// What the server must receive.
fn requests() -> Vec<Case> {
    let mut methods = Case::new("methods arrive as given", "PATCH and DELETE are part of the API");
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        methods = methods.answer(ok()).call(Call::new(method, "/v1/cues/cue_1"));
    }

    let odd_target = |name, target| {
        Case::new(name, "another path is another route, and nobody asked for that one")
            .answer(ok())
            .call(Call::new(Method::GET, target).or_fails(&[Unsendable]))
    };

    vec![
        methods,
        Case::new(
            "percent-escapes arrive as given",
            "an id with a slash is one segment; decoded on the way it would be another route",
        )
        .answer(ok())
        .call(Call::new(
            Method::GET,
            "/v1/cues/a%2Fb%2f..%2e~%20%C3%A9%252e/fire?cursor=a%2Bb%26c%3D+d%25&limit=50",
        )),
        Case::new("header values arrive byte for byte", "not every value is UTF-8")
            .answer(ok())
            .call(
                Call::get()
                    .header("x-odd", b"caf\xe9 \xff\x80")
                    .header("x-spaced", b"a  b\tc"),
            ),
        Case::new(
            "a body arrives byte for byte, with its length",
            "the server verifies and stores what it receives",
        )
        .answer(ok())
        .call(Call::post(&EVERY_BYTE)),
        Case::new(
            "a body larger than the socket's buffer arrives whole",
            "CueAPI takes payloads of up to 1 MiB",
        )
        .answer(ok())
        .call(Call::post(&LARGE)),
        Case::new("an empty body is no body", "pause, resume and fire send none")
            .answer(ok())
            .call(Call::new(Method::POST, "/v1/cues/cue_1/fire")),
        odd_target("'..' arrives as given or is refused", "/v1/cues/../fire"),
        odd_target("'%2e%2e' arrives as given or is refused", "/v1/cues/%2e%2e/fire"),
        odd_target("'.' arrives as given or is refused", "/v1/./cues"),
        odd_target("an empty segment arrives as given or is refused", "/v1//cues"),
        odd_target("an empty query arrives as given or is refused", "/v1/cues?"),
        odd_target("quotes in a query arrive as given or are refused", "/v1/cues?name='a'"),
        odd_target("'é' arrives as given or is refused", "/caf\u{e9}/v1/cues"),
        Case::new(
            "'identity' is the only coding that is asked for",
            "with another one, or with none named, a proxy may compress, and nothing here decompresses",
        )
        .answer(ok())
        .call(Call::get().header("accept-encoding", b"identity")),
    ]
}

/// What the caller must receive.
fn answers() -> Vec<Case> {
    let mut statuses = Case::new(
        "4xx and 5xx are answers",
        "the error's code is in the body, and the SDK decides what may be sent again",
    );
    for status in [400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 502, 503, 504] {
        let body = format!(r#"{{"status":{status}}}"#);
        statuses = statuses
            .answer(response(status, &[("retry-after", b"0")], body.as_bytes()))
            .call(Call::get().gives(status, body).with("retry-after", b"0"));
    }

    vec![
        statuses,
        Case::new(
            "response headers come byte for byte",
            "a header that is not UTF-8 must not cost the response",
        )
        .answer(response(
            200,
            &[("x-odd", b"caf\xe9"), ("x-many", b"1"), ("x-many", b"2")],
            b"{}",
        ))
        .call(
            Call::get()
                .gives(200, "{}")
                .with("x-odd", b"caf\xe9")
                .with("x-many", b"1")
                .with("x-many", b"2"),
        ),
        Case::new(
            "an encoded body comes as it is",
            "the SDK names the coding; decoded under the same headers it could not",
        )
        .answer(response(200, &[("content-encoding", b"gzip")], GZIP))
        .call(Call::get().gives(200, GZIP).with("content-encoding", b"gzip")),
        Case::new(
            "a body need not be UTF-8",
            "an error's code counts, also in a message that is not",
        )
        .answer(response(500, &[], b"\xef\xbb\xbf{\"a\":\"\xff\xfe\"}"))
        .call(Call::get().gives(500, *b"\xef\xbb\xbf{\"a\":\"\xff\xfe\"}")),
        Case::new(
            "a DELETE may be answered with a body",
            "proxies and older servers do that",
        )
        .answer(response(200, &[], br#"{"deleted":true}"#))
        .call(Call::new(Method::DELETE, "/v1/cues/cue_1").gives(200, *br#"{"deleted":true}"#)),
        Case::new(
            "every Retry-After comes as it is",
            "the SDK knows all forms, and waits as long as the longest",
        )
        .answer(response(
            429,
            &[
                ("retry-after", b"2.503"),
                ("retry-after", b"Sunday, 06-Nov-94 08:49:37 GMT"),
                ("retry-after", b"18446744073709551616"),
            ],
            b"{}",
        ))
        .call(
            Call::get()
                .gives(429, "{}")
                .with("retry-after", b"2.503")
                .with("retry-after", b"Sunday, 06-Nov-94 08:49:37 GMT")
                .with("retry-after", b"18446744073709551616"),
        ),
        Case::new("a response in chunks comes whole", "servers stream lists")
            .answer(chunked(&EVERY_BYTE, 7))
            .call(Call::get().gives(200, EVERY_BYTE)),
        Case::new(
            "a response that ends with the connection comes whole",
            "proxies of the HTTP/1.0 style do that",
        )
        .reply(Reply::Close(
            [head(200, &[("connection", b"close")]), b"{}".to_vec()].concat(),
        ))
        .call(Call::get()),
        Case::new("a 204 has no body", "DELETE answers so")
            .answer(head(204, &[]))
            .call(Call::new(Method::DELETE, "/v1/cues/cue_1").gives(204, "")),
        Case::new(
            "a 304 has no body, whatever its length says",
            "waiting for one would hang",
        )
        .answer(head(304, &[("content-length", b"1000"), ("etag", b"W/\"1\"")]))
        .call(Call::get().gives(304, "").with("etag", b"W/\"1\"")),
        Case::new("interim responses are passed over", "a 100 or 103 is not the answer")
            .answer([head(100, &[]), head(103, &[("link", b"</x>")]), ok()].concat())
            .call(Call::post(b"{}")),
    ]
}

/// `{}`, compressed.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";

/// One call is one exchange.
fn one_exchange() -> Vec<Case> {
    let redirect = |name, status, call: Call| {
        Case::new(
            name,
            "the Authorization header would go along, and a 307 would run a POST elsewhere",
        )
        .answer(response(status, &[("location", b"/v1/elsewhere")], b"moved"))
        .call(call.gives(status, "moved").with("location", b"/v1/elsewhere"))
    };
    let broken = |name, call: Call| {
        Case::new(name, "only the SDK knows whether the request may be sent again")
            .reply(Reply::Close(Vec::new()))
            .call(call.fails(&[Interrupted]))
    };

    vec![
        redirect("a 301 is an answer", 301, Call::get()),
        redirect("a 302 is an answer", 302, Call::get()),
        redirect("a 303 to a POST is an answer", 303, Call::post(b"{}")),
        redirect("a 307 to a POST is an answer", 307, Call::post(b"{}")),
        redirect("a 308 is an answer", 308, Call::get()),
        Case::new(
            "a 301 to another scheme is an answer",
            "the SDK tells that the base URL redirects, and where to",
        )
        .answer(response(301, &[("location", b"https://127.0.0.1:1/v1/cues")], b""))
        .call(
            Call::get()
                .gives(301, "")
                .with("location", b"https://127.0.0.1:1/v1/cues"),
        ),
        broken("a GET that was read and not answered is not sent again", Call::get()),
        broken(
            "a PUT that was read and not answered is not sent again",
            Call::new(Method::PUT, "/v1/cues"),
        ),
        broken(
            "a POST that was read and not answered is not sent again",
            Call::post(b"{}"),
        ),
        Case::new(
            "a GET on a kept connection that was read and not answered is not sent again",
            "a kept connection that breaks tells nothing about the request",
        )
        .answer(ok())
        .reply(Reply::Close(Vec::new()))
        .call(Call::get())
        .call(Call::get().fails(&[Interrupted])),
    ]
}

/// Time and size.
fn limits() -> Vec<Case> {
    let late = |name, reply| {
        Case::new(name, "AttemptTimeout covers the exchange up to the last byte")
            .reply(reply)
            .call(Call::get().timeout(SHORT).fails(&[Timeout]))
    };
    let (piece, length) = (vec![b'x'; 64 * 1024], FLOOD.to_string());
    let flood = |name, first, piece: &[u8]| {
        Case::new(
            name,
            "MaxResponseBytes bounds the memory of the caller, and the rest must not be read",
        )
        .reply(Reply::Flood {
            first,
            piece: piece.to_vec(),
        })
        .call(Call::get().cap(64 * 1024).fails(&[TooLarge]))
        .step(Step::FloodWasCut)
    };
    let at_cap = |name, extra: usize| {
        let body = vec![b'x'; 1024 + extra];
        let call = Call::get().cap(1024);
        let call = if extra == 0 {
            call.gives(200, body.clone())
        } else {
            call.fails(&[TooLarge])
        };
        Case::new(name, "the limit is the largest body that is accepted")
            .answer(response(200, &[], &body))
            .answer(chunked(&body, 100))
            .call(call.clone())
            .call(call)
    };

    vec![
        late(
            "a response that does not come times out",
            Reply::Stall {
                first: Vec::new(),
                late: Vec::new(),
            },
        ),
        late(
            "a head that trickles times out",
            Reply::Trickle(b"HTTP/1.1 200 OK\r\nx-slow: ".to_vec()),
        ),
        late(
            "a body that stalls times out",
            Reply::Stall {
                first: head(200, &[("content-length", b"9")]),
                late: Vec::new(),
            },
        ),
        late(
            "a body that trickles times out",
            Reply::Trickle(head(200, &[("content-length", b"5000")])),
        ),
        flood(
            "a body over the limit is cut, length given",
            head(200, &[("content-length", length.as_bytes())]),
            &piece,
        ),
        flood(
            "a body over the limit is cut, chunked",
            head(200, &[("transfer-encoding", b"chunked")]),
            &chunk(&piece),
        ),
        flood(
            "a body over the limit is cut, until closed",
            head(200, &[("connection", b"close")]),
            &piece,
        ),
        at_cap("a body as large as the limit is accepted", 0),
        at_cap("a body one byte over the limit is refused", 1),
        Case::new(
            "an endless head is given up",
            "a limit on the body alone bounds nothing",
        )
        .reply(Reply::Flood {
            first: b"HTTP/1.1 200 OK\r\n".to_vec(),
            piece: [b"x-filler: ", &piece[..8192], b"\r\n"].concat(),
        })
        .call(Call::get().fails(&[TooLarge, Other]))
        .step(Step::FloodWasCut),
        Case::new(
            "a length that nobody could send allocates nothing",
            "the number is the server's, the memory ours",
        )
        .reply(Reply::Close(
            [head(200, &[("content-length", b"9000000000000000000")]), b"x".to_vec()].concat(),
        ))
        .call(Call::post(b"{}").fails(&[TooLarge, Interrupted, Other])),
    ]
}

/// Failures, by what is known.
fn failures() -> Vec<Case> {
    let cut = |name, bytes: Vec<u8>| {
        Case::new(name, "the server has done the work; half an answer is none")
            .reply(Reply::Close(bytes))
            .call(Call::post(b"{}").fails(&[Interrupted]))
    };

    vec![
        Case::new(
            "a refused connection is Connect",
            "nothing was sent, so that even a fire may be repeated",
        )
        .step(Step::StopServer)
        .call(Call::post(b"{}").fails(&[Connect])),
        cut(
            "a head that is cut is Interrupted",
            b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(),
        ),
        cut(
            "a body cut short is Interrupted",
            [head(200, &[("content-length", b"100")]), b"{".to_vec()].concat(),
        ),
        cut(
            "a chunked body cut short is Interrupted",
            [head(200, &[("transfer-encoding", b"chunked")]), chunk(b"{")].concat(),
        ),
        Case::new(
            "a connection reset after the request is Interrupted",
            "the server may have done the work",
        )
        .reply(Reply::Reset)
        .call(Call::post(b"{\"name\":\"reset\"}").fails(&[Interrupted])),
        Case::new(
            "a TLS handshake that stalls is Connect",
            "until it is done nothing is sent; who has no TLS refuses",
        )
        .call(
            Call::post(b"{}")
                .over_tls()
                .timeout(SHORT)
                .fails(&[Connect, Unsendable]),
        ),
    ]
}

/// What another program may answer: an error that is not repeated, because the answer would be the same.
fn foreign() -> Vec<Case> {
    let not_http = |name, bytes: &[u8]| {
        Case::new(
            name,
            "sent again it would come again, and something else may listen there",
        )
        .reply(Reply::Close(bytes.to_vec()))
        .call(Call::get().fails(&[Other]))
    };
    let many = b"x-many: 1\r\n".repeat(150);

    vec![
        not_http("an answer that is not HTTP is Other", b"SSH-2.0-OpenSSH_9.6\r\n"),
        not_http("a TLS alert is Other", b"\x15\x03\x01\x00\x02\x02\x46"),
        not_http("a status that is no number is Other", b"HTTP/1.1 abc OK\r\n\r\n"),
        not_http("another version of HTTP is Other", b"HTTP/3.0 200 OK\r\n\r\n"),
        not_http("a header that is none is Other", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
        not_http(
            "a length that is no number is Other",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2x\r\n\r\n{}",
        ),
        not_http(
            "two lengths are Other",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        ),
        not_http(
            "a chunk that is none is Other",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
        ),
        Case::new(
            "more headers than can be kept are Other",
            "sent again they would come again; a stack may take them",
        )
        .answer([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", &*many, b"\r\n{}"].concat())
        .call(Call::get().or_fails(&[Other])),
    ]
}

/// Connections that are kept from one call to the next.
fn connections() -> Vec<Case> {
    let closed = |name, reply, status, body, wait| {
        Case::new(
            name,
            "CueAPI closes after a 500 and after a 304 without saying so, and every server after idle seconds",
        )
        .reply(reply)
        .answer(ok())
        .call(Call::get().gives(status, body))
        .step(wait)
        .call(Call::post(b"{}"))
    };
    let (failed, unchanged) = (response(500, &[], b"{}"), head(304, &[]));

    vec![
        closed(
            "a connection closed after a 500 does not fail the next call",
            Reply::Close(failed),
            500,
            "{}",
            Step::AwaitClose,
        ),
        closed(
            "a connection closed after a 304 does not fail the next call",
            Reply::Close(unchanged),
            304,
            "",
            Step::AwaitClose,
        ),
        closed(
            "a connection closed while idle does not fail the next call",
            Reply::CloseLater(ok()),
            200,
            "{}",
            Step::AwaitClose,
        ),
        closed(
            "nor one closed while the thread was busy",
            Reply::CloseLater(ok()),
            200,
            "{}",
            Step::AwaitCloseBusy,
        ),
        Case::new(
            "a late answer is not taken for the next one's",
            "it would be another cue's outcome",
        )
        .reply(Reply::Stall {
            first: Vec::new(),
            late: response(200, &[], b"late"),
        })
        .answer(ok())
        .call(Call::get().timeout(SHORT).fails(&[Timeout]))
        .call(Call::get()),
        Case::new(
            "bytes behind an answer are not taken for the next one",
            "it would be another cue's outcome",
        )
        .answer([ok(), response(200, &[], b"stray")].concat())
        .answer(ok())
        .call(Call::get())
        .call(Call::get()),
        Case::new(
            "the rest of a refused body is not taken for the next answer",
            "it would be another cue's outcome",
        )
        .answer(response(200, &[], &LARGE))
        .answer(ok())
        .call(Call::get().cap(1024).fails(&[TooLarge]))
        .call(Call::get()),
    ]
}

/// A connection that the server closes somewhat later than it has answered.
fn closing() -> Vec<Case> {
    const REASON: &str = "the server closes it without a look, so that what was sent meanwhile may have run or not, and no look would have \
         shown it";
    let delays = [1, 5, 20].map(Duration::from_millis);
    let later = |name, status, bytes: &[u8], body: &'static str| {
        let rounds = delays
            .iter()
            .flat_map(|&delay| [(delay, Duration::ZERO), (delay, delay / 2)]);
        rounds.fold(Case::new(name, REASON), |case, (delay, pause)| {
            case.reply(Reply::CloseAfter(bytes.to_vec(), delay))
                .answer(ok())
                .call(Call::get().gives(status, body))
                .step(Step::Pause(pause))
                .call(Call::post(b"{}"))
        })
    };
    let (failed, says) = (
        response(500, &[], b"{}"),
        response(200, &[("connection", b"close")], b"{}"),
    );
    let crowd = delays.iter().cycle().take(48).fold(
        Case::new("nor, among calls in flight, a connection that answered 500", REASON),
        |case, &delay| {
            let (get, other) = (Reply::CloseAfter(failed.clone(), delay), Reply::Answer(ok()));
            case.reply(Reply::ByMethod(Box::new(get), Box::new(other)))
        },
    );
    let calls = || vec![Call::get().gives(500, "{}"), Call::post(b"{}"), Call::post(b"{}")];

    vec![
        later("a connection that answered 500 carries no POST", 500, &failed, "{}"),
        later("nor one that answered 304", 304, &head(304, &[]), ""),
        later(
            "nor one that answered 503 without a body",
            503,
            &response(503, &[], b""),
            "",
        ),
        later("nor one that said it would close", 200, &says, "{}"),
        crowd.step(Step::AtOnce((0..16).map(|_| calls()).collect())),
    ]
}

/// Several things at a time, and none.
fn waiting() -> Vec<Case> {
    vec![
        Case::new(
            "two calls are in flight at once",
            "a worker sends heartbeats while it waits for a claim",
        )
        .reply(Reply::AfterTheNext(ok()))
        .answer(ok())
        .step(Step::AtOnce(vec![vec![Call::get()], vec![Call::get()]])),
        Case::new(
            "dropping the future cancels the exchange",
            "nobody reads what a connection left behind would bring",
        )
        .reply(Reply::Stall {
            first: Vec::new(),
            late: Vec::new(),
        })
        .step(Step::Abandon(Call::get())),
        Case::new(
            "sleep lasts at least as long as asked, and its clock goes on",
            "a Retry-After cut short is refused again, and the clock bounds whole calls",
        )
        .step(Step::Sleep(Duration::from_millis(60)))
        .step(Step::Sleep(Duration::ZERO)),
    ]
}
