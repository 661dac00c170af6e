#![doc = include_str!("../README.md")]
#![warn(clippy::print_stdout)]

mod answers;
mod attachment;
mod callback;
mod error_body;
mod event_target;
mod generated;
mod id;
#[doc(hidden)]
pub mod json_path;
mod misfit;
mod open;
mod open_enum;
mod outcome;
mod payload;
mod plan;
mod retry;
mod rows;
mod schedule;
mod secret;
mod timestamp;
mod verification;
mod webhook;

pub use self::{
    attachment::AttachedSession,
    callback::{Callback, CallbackHeaders, CallbackMethod, Transport},
    error_body::{ApiError, FieldError},
    event_target::EventTarget,
    generated::*,
    id::{
        AgentId, AgentRef, AlertId, AttachmentId, CueId, DaemonId, ExecutionId, IdempotencyKey, KeyId, MessageId,
        SubscriptionId, UserId, WorkerId,
    },
    misfit::misfit,
    open::Open,
    open_enum::UnrecognizedValue,
    outcome::{Artifact, Evidence, Outcome, OutcomeError, OutcomeReceipt, RecordedOutcome, limits},
    payload::{Payload, PayloadError},
    plan::Plan,
    retry::{OnFailure, Retry},
    rows::{Row, Rows, UnreadableRow},
    schedule::{Once, Recurring, Schedule, UnrecognizedSchedule},
    secret::{AccountToken, DeletionToken, DeviceCode, IssuedKey, LoginToken, SessionToken, WebhookSecret},
    timestamp::{Timestamp, TimestampError},
    verification::{Verification, VerificationMode},
    webhook::{
        AlertNotice, AlertSeverity, AlertType, Delivery, EventBatch, EventType, FailureNotice, MessageParty,
        PushedEvent, PushedMessage,
    },
};
