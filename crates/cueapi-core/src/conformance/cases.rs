//! The cases: each a statement of the contract, why it matters, and a script that shows it.

use std::time::Duration;

use ::http::Method;

use super::{
    case::{Call, Case, Step},
    message::{chunk, chunked, head, response},
    server::{FLOOD, Reply},
};
use crate::http::HttpErrorKind::{Connect, Interrupted, Other, Timeout, TooLarge};

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
        connections(),
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
            .call(Call::new(Method::GET, target).may_be_refused())
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
        .call(Call::get().fails(&[TooLarge, Interrupted, Other]))
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
            "an answer that is not HTTP is an error",
            "another program may listen on the port",
        )
        .reply(Reply::Close(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()))
        .call(Call::post(b"{}").fails(&[Interrupted, Other])),
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

/// Several things at a time, and none.
fn waiting() -> Vec<Case> {
    vec![
        Case::new(
            "two calls are in flight at once",
            "a worker sends heartbeats while it waits for a claim",
        )
        .reply(Reply::AfterTheNext(ok()))
        .answer(ok())
        .step(Step::AtOnce(Call::get(), Call::get())),
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
