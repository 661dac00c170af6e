//! Executions that are only looked at, and attested ones.

use super::{
    Row, Suite,
    check::{refused, same},
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn executions(&mut self) {
        let area = "executions";
        self.check(area, "an execution that is not there is not found", async |s| {
            let unknown = "00000000-0000-4000-8000-000000000000";
            refused(s.client.executions().get(unknown).await, 404, "execution_not_found")
        })
        .await;
        self.check(area, "the first session that attests an execution has it", async |s| {
            let (_, execution) = s.pending().await?;
            let first = s.client.executions().live_claim(&execution, "contract-one").await?;
            same("attested", Some(true), first.attested)?;
            let again = s.client.executions().live_claim(&execution, "contract-one").await?;
            same("since", first.live_claimed_at, again.live_claimed_at)?;
            refused(
                s.client.executions().live_claim(&execution, "contract-two").await,
                409,
                "already_attested",
            )
        })
        .await;
    }
}
