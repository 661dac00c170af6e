//! Agents, their messages and events.

use super::{Row, Suite, check::Stop};

impl<P: FnMut(&Row)> Suite<P> {
    pub(super) async fn agents(&mut self) {
        self.check("agents", "agents exchange messages and events", async |_| {
            Err(Stop::Skip("not written yet".to_owned()))
        })
        .await;
    }
}
