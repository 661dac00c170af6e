#![doc = include_str!("../README.md")]

mod callback;
mod error_body;
mod error_code;
mod generated;
mod id;
mod open_enum;
mod outcome;
mod payload;
mod retry;
mod schedule;
mod secret;
mod timestamp;
mod verification;
mod webhook;

pub use self::{
    callback::{Callback, CallbackHeaders, CallbackMethod, Transport},
    error_body::{ApiError, FieldError},
    error_code::ErrorCode,
    generated::*,
    id::{AgentId, AlertId, CueId, ExecutionId, MessageId, SubscriptionId, WorkerId},
    open_enum::UnknownValue,
    outcome::{Artifact, Evidence, Outcome, OutcomeError, OutcomeReceipt, RecordedOutcome, limits},
    payload::{Payload, PayloadError},
    retry::{OnFailure, Retry},
    schedule::{Once, Recurring, Schedule, UnknownSchedule},
    secret::{SessionToken, WebhookSecret},
    timestamp::{Timestamp, TimestampError},
    verification::{Verification, VerificationMode},
    webhook::{
        AlertNotice, AlertSeverity, AlertType, Delivery, EventBatch, EventType, FailureNotice, MessageParty,
        PushedEvent, PushedMessage,
    },
};
