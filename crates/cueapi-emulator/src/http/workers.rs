//! `/v1/worker` and `/v1/workers`.

use super::{Call, Reply, values::Length};
use crate::{
    json::{Json, Writer},
    time,
};

impl Call<'_> {
    pub(super) fn worker_heartbeat(&mut self) -> Result<Reply, Reply> {
        let (account, body) = self.authenticated_body()?;
        let (worker, handlers) = self.form(&body, |form| {
            let worker = form.required_str("worker_id", Length::up_to(255)).map(str::to_owned);
            let handlers = form.opt_strs("handlers");
            Some((worker?, handlers))
        })?;
        let now = self.exchange.now;
        self.engine.worker_heartbeat(now, account, &worker, handlers)?;
        Ok(Reply::ok(
            Writer::object()
                .bool("acknowledged", true)
                .str("server_time", &time::z(now))
                .finish(),
        ))
    }

    pub(super) fn list_workers(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let now = self.now();
        let rows = self.engine.workers(account).into_iter().map(|worker| {
            let handlers = worker.handlers.as_ref().map_or(Json::Null, |handlers| {
                Json::Array(handlers.iter().map(|handler| Json::Str(handler.clone())).collect())
            });
            Writer::object()
                .str("worker_id", &worker.worker_id)
                .str("last_heartbeat", &time::z(worker.last_heartbeat))
                .int(
                    "seconds_since_heartbeat",
                    now.duration_since(worker.last_heartbeat).as_secs(),
                )
                .str("heartbeat_status", worker.status(now))
                .json("handlers", &handlers)
                .str("registered_since", &time::z(worker.registered_since))
                .finish()
        });
        Ok(Reply::ok(Writer::object().list("workers", rows).finish()))
    }

    pub(super) fn delete_worker(&mut self) -> Result<Reply, Reply> {
        let account = self.account()?;
        let id = self.parameter().to_owned();
        self.engine.delete_worker(account, &id)?;
        Ok(Reply::no_json())
    }
}
