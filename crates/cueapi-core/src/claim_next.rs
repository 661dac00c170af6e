//! The next execution for a worker, without the server's pitfalls.

use std::collections::VecDeque;

use cueapi_types::{Claim, Claimable, ClaimableList, ExecutionId};

use crate::{
    blocking::BlockingClient,
    client::Client,
    error::{Error, ErrorKind},
    generated::executions::Executions,
    http::{BlockingHttpClient, LocalHttpClient},
};

/// An execution that this worker holds, with its payload.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClaimedExecution {
    /// The claim: whose it is and for how many seconds.
    pub claim: Claim,
    /// What is to be done.
    pub execution: Claimable,
}
