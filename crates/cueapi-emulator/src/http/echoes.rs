//! `/v1/echo`: a receiver that every server has at hand.

use jiff::tz::Offset;

use super::{Call, Reply, errors::error};
use crate::{
    engine::check_echo_token,
    json::{Dump, Json, Writer},
    time,
};

const MAX_BYTES: usize = 1_000_000;

/// As `json.dumps` writes for the wire: the server keeps text, and does not look at it again.
const WIRE: Dump = Dump {
    spaces: false,
    sorted: false,
    ascii: false,
};

impl Call<'_> {
    pub(super) fn store_echo(&mut self) -> Result<Reply, Reply> {
        let token = self.parameter().to_owned();
        // A wrong token is found before a wrong body.
        check_echo_token(&token)?;
        if self.exchange.body.len() > MAX_BYTES {
            let message = "Payload must be under 1000000 bytes";
            return Err(error(413, "payload_too_large", message));
        }
        let payload = Json::parse(self.exchange.body).map_err(|_| Reply::Crash)?;
        let (now, headers) = (self.now(), self.all_headers());
        self.engine
            .store_echo(now, self.exchange.peer, &token, payload, headers)?;
        Ok(Reply::ok(Writer::object().bool("stored", true).finish()))
    }

    pub(super) fn get_echo(&mut self) -> Result<Reply, Reply> {
        self.account()?;
        let body = match self.engine.echo(self.now(), self.parameter()) {
            None => Writer::object().str("status", "waiting"),
            Some(echo) => Writer::object()
                .str("status", "delivered")
                .raw("payload", &echo.payload.to_python(WIRE))
                .json("headers", &echo.headers)
                .str("received_at", &time::with_offset(echo.received_at, Offset::UTC)),
        };
        Ok(Reply::ok(body.finish()))
    }

    /// Of a repeated header the last counts.
    fn all_headers(&self) -> Json {
        let headers = self.exchange.headers;
        let members = headers.keys().filter_map(|name| {
            let value = headers.get_all(name).iter().next_back()?;
            let value: String = value.as_bytes().iter().copied().map(char::from).collect();
            Some((name.as_str().into(), value.into()))
        });
        Json::Object(members.collect())
    }
}
