//! Lists: their pages, and what they refuse.

use cueapi_core::types::ExecutionStatus;
use http::Method;

use super::{
    Row, Suite,
    check::{fail, holds, refused, same},
};

impl<P: FnMut(&Row)> Suite<'_, P> {
    pub(super) async fn paging(&mut self) {
        let area = "paging";
        self.check(
            area,
            "pages follow one another, newest first, each row once",
            async |s| {
                let mut made = Vec::new();
                for _ in 0..3 {
                    made.push(s.worker_cue().await?.id);
                }
                let first = s.client.cues().list().limit(2).await?;
                same("rows", 2, first.cues.len())?;
                same("limit", 2, first.limit)?;
                same("offset", 0, first.offset)?;
                holds(first.total.known() >= Some(3), "a total of at least 3", &first.total)?;
                let mut listed = Vec::new();
                let mut cues = s.client.cues().list().limit(2).pager();
                while let Some(cue) = cues.next().await.transpose()? {
                    if made.contains(&cue.id) {
                        listed.push(cue.id);
                    }
                }
                made.reverse();
                same("ours", made, listed)?;
                Ok(format!("{} in all", first.total))
            },
        )
        .await;
        self.check(
            area,
            "executions come in pages that say whether there are more",
            async |s| {
                let (cue, _) = s.pending().await?;
                for _ in 0..2 {
                    s.client.cues().fire(&cue.id).await?;
                }
                let list = || s.client.executions().list().cue_id(&cue.id).limit(2);
                let (first, second) = (list().await?, list().offset(2).await?);
                same("rows", (2, 1), (first.executions.len(), second.executions.len()))?;
                same("total", 3, first.total)?;
                same("total", 3, second.total)?;
                same("has_more", (Some(true), Some(false)), (first.has_more, second.has_more))?;
                let newest = first.executions[0].created_at.known() >= first.executions[1].created_at.known();
                holds(newest, "the newest first", &first.executions)?;
                Ok("2 and 1 of 3".to_owned())
            },
        )
        .await;
        self.check(area, "executions are filtered by status", async |s| {
            let (cue, _) = s.pending().await?;
            let list = || s.client.executions().list().cue_id(&cue.id);
            let pending = list().status(ExecutionStatus::Pending).await?.total;
            let finished = list()
                .status_in([ExecutionStatus::Success, ExecutionStatus::Failed])
                .await?
                .total;
            same(
                "(pending, finished)",
                (Some(1), Some(0)),
                (pending.known(), finished.known()),
            )?;
            let both = list()
                .status(ExecutionStatus::Pending)
                .status_in([ExecutionStatus::Failed]);
            refused(both.await, 400, "conflicting_filters")
        })
        .await;
        self.check(area, "a cue comes with as many executions as asked for", async |s| {
            let (cue, _) = s.pending().await?;
            s.client.cues().fire(&cue.id).await?;
            let detail = s.client.cues().get(&cue.id).execution_limit(1).await?;
            same(
                "(executions, total)",
                (1, Some(2)),
                (detail.executions.len(), detail.execution_total.known()),
            )?;
            Ok("1 of 2".to_owned())
        })
        .await;
        for (statement, path, field) in [
            ("a limit over 100 is refused", "/v1/cues?limit=101", "query.limit"),
            ("a limit of 0 is refused", "/v1/executions?limit=0", "query.limit"),
            ("an offset below 0 is refused", "/v1/cues?offset=-1", "query.offset"),
        ] {
            self.check(area, statement, async |s| {
                let response = s.request(Method::GET, path, &[], "").await?;
                let error = super::wire::error(&response)?;
                same("status", 422, response.status().as_u16())?;
                same("code", "validation_error", error.code.as_str())?;
                let named = error.details.iter().any(|detail| detail.field == field);
                if named {
                    Ok(format!("422 {field}"))
                } else {
                    Err(fail(field, format!("{:?}", error.details)))
                }
            })
            .await;
        }
    }
}
