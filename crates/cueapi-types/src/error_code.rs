//! The codes by which CueAPI servers say what is wrong.

use crate::open_enum::open_enum;

open_enum! {
    /// What is wrong, in the server's words.
    ///
    /// Every code that a self-hosted server can send is here, and those that only the hosted service's documentation
    /// names. What a code means for the caller depends on the operation; see there.
    ///
    /// ```
    /// use cueapi_types::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::from("cue_not_found"), ErrorCode::CueNotFound);
    /// assert_eq!(ErrorCode::from("brand_new_code").as_str(), "brand_new_code");
    /// ```
    pub enum ErrorCode {
        /// 400: the request body is not JSON.
        InvalidJson = "invalid_json",
        /// 400: the internal service token came without the user it acts for.
        InternalTokenRequiresOnBehalfOf = "internal_token_requires_on_behalf_of",
        /// 400: the user that the internal service token acts for is not a UUID.
        InvalidOnBehalfOf = "invalid_on_behalf_of",
        /// 400, 404 or 405: the web framework refused; the message says what.
        HttpError = "http_error",
        /// 401: the API key is missing, malformed or unknown.
        InvalidApiKey = "invalid_api_key",
        /// 401: the API key was replaced within the last 24 hours.
        KeyRotated = "key_rotated",
        /// 401: the session token has expired.
        SessionExpired = "session_expired",
        /// 401: the token is neither an API key nor a session that the server accepts.
        InvalidSession = "invalid_session",
        /// 401 or 404: the user is gone.
        UserNotFound = "user_not_found",
        /// 401: not the internal service token.
        InvalidInternalToken = "invalid_internal_token",
        /// 413: the body is over 1 MiB.
        RequestTooLarge = "request_too_large",
        /// 422: a field is missing, of the wrong type or out of range; the details say which.
        ValidationError = "validation_error",
        /// 429: too many requests.
        RateLimitExceeded = "rate_limit_exceeded",
        /// 500: the server failed; some wrong requests end here as well.
        InternalError = "internal_error",
        /// 400: a URL that servers do not call: not https, or a private address.
        InvalidCallbackUrl = "invalid_callback_url",
        /// 400: the payload contains U+0000.
        InvalidPayload = "invalid_payload",
        /// 400: the payload is over 1 MiB.
        InvalidPayloadSize = "invalid_payload_size",
        /// 400: the cron expression is not understood, or the time has passed.
        InvalidSchedule = "invalid_schedule",
        /// 403: the plan's number of active and paused cues is reached.
        CueLimitExceeded = "cue_limit_exceeded",
        /// 409: another cue of this user has the name. Also the answer to a callback method that is not allowed.
        DuplicateCueName = "duplicate_cue_name",
        /// 422: not an IANA time zone.
        InvalidTimezone = "invalid_timezone",
        /// 404: no such cue, or another user's.
        CueNotFound = "cue_not_found",
        /// 400: filters that exclude each other.
        ConflictingFilters = "conflicting_filters",
        /// 400: a list of states with none in it.
        InvalidStatusIn = "invalid_status_in",
        /// 404: no such execution, another user's, or its cue was deleted.
        ExecutionNotFound = "execution_not_found",
        /// 409: the execution has an outcome; the first one stays.
        OutcomeAlreadyRecorded = "outcome_already_recorded",
        /// 400: the metadata are over 10,240 bytes.
        MetadataTooLarge = "metadata_too_large",
        /// 409: nothing to claim, or this execution cannot be claimed (also when it does not exist).
        ClaimFailed = "claim_failed",
        /// 409: the execution is not being worked on.
        ExecutionNotClaiming = "execution_not_claiming",
        /// 403: another worker has claimed the execution.
        NotExecutionOwner = "not_execution_owner",
        /// 409: the execution is not finished, so it cannot be replayed.
        ExecutionInFlight = "execution_in_flight",
        /// 409: the outcome's state does not allow this.
        InvalidState = "invalid_state",
        /// 409: no outcome has been reported yet.
        NoOutcome = "no_outcome",
        /// 409: another session has claimed the execution.
        AlreadyAttested = "already_attested",
        /// 404: no such worker.
        WorkerNotFound = "worker_not_found",
        /// 404: not there, or switched off on this server.
        NotFound = "not_found",
        /// 409: the address is registered.
        DuplicateEmail = "duplicate_email",
        /// 400: a destructive call without its confirmation header.
        ConfirmationRequired = "confirmation_required",
        /// 422: an update that sets nothing.
        NoFields = "no_fields",
        /// 400: a URL for alerts that servers do not call.
        InvalidAlertWebhookUrl = "invalid_alert_webhook_url",
        /// 404: there is no webhook secret.
        NoWebhookSecret = "no_webhook_secret",
        /// 400 or 401: the token is malformed, unknown or used.
        InvalidToken = "invalid_token",
        /// 503: this server has no sessions.
        SessionUnavailable = "session_unavailable",
        /// 400: the device code is malformed.
        InvalidDeviceCode = "invalid_device_code",
        /// 409: the device code is in use.
        DeviceCodeExists = "device_code_exists",
        /// 404: no such device code.
        DeviceCodeNotFound = "device_code_not_found",
        /// 400: the device code is older than 15 minutes.
        DeviceCodeExpired = "device_code_expired",
        /// 400: not a status, or not one that allows this.
        InvalidStatus = "invalid_status",
        /// 400: not an alert type.
        InvalidFilter = "invalid_filter",
        /// 413: an echo over 1,000,000 bytes.
        PayloadTooLarge = "payload_too_large",
        /// 400: an agent's address is `agent@user` or its id.
        InvalidAgentAddress = "invalid_agent_address",
        /// 404: no such agent, or another user's.
        AgentNotFound = "agent_not_found",
        /// 400: the slug is reserved.
        ReservedSlug = "reserved_slug",
        /// 409: the slug is in use, or belonged to a deleted agent.
        SlugTaken = "slug_taken",
        /// 409: the agent has no webhook URL.
        NoWebhookUrl = "no_webhook_url",
        /// 400: not a delivery state.
        InvalidStateFilter = "invalid_state_filter",
        /// 400: a message without its sender.
        MissingFromAgent = "missing_from_agent",
        /// 400: the idempotency key is over 255 characters.
        InvalidIdempotencyKey = "invalid_idempotency_key",
        /// 400: the sender is deleted.
        FromAgentDeleted = "from_agent_deleted",
        /// 402: the month's messages are used up.
        QuotaExceeded = "quota_exceeded",
        /// 403: the sender is another user's agent.
        FromAgentNotOwned = "from_agent_not_owned",
        /// 403: the recipient is another user's agent.
        CrossTenantMessagingForbidden = "cross_tenant_messaging_forbidden",
        /// 404: the message that this one answers does not exist.
        ReplyToNotFound = "reply_to_not_found",
        /// 409: the idempotency key was used for something else.
        IdempotencyKeyConflict = "idempotency_key_conflict",
        /// 429: too many messages of high priority.
        PriorityHighRateLimit = "priority_high_rate_limit",
        /// 404: no such message.
        MessageNotFound = "message_not_found",
        /// 409: the message's state does not allow this.
        InvalidStateTransition = "invalid_state_transition",
        /// 400: not an event type.
        UnknownEventType = "unknown_event_type",
        /// 400: neither pull nor webhook, or the webhook URL is missing or too many.
        InvalidDeliveryTarget = "invalid_delivery_target",
        /// 400: a webhook URL that servers do not call.
        InvalidWebhookUrl = "invalid_webhook_url",
        /// 404: no such subscription.
        SubscriptionNotFound = "subscription_not_found",
        /// 409: the live session exists.
        LiveSessionConflict = "live_session_conflict",
        /// 404: no such live session.
        LiveSessionNotFound = "live_session_not_found",
        /// 400: an update of a live session that sets nothing.
        NoMutableFields = "no_mutable_fields",
        /// 400: a live session can become the default, not cease to be it.
        InvalidDefaultFlip = "invalid_default_flip",
        /// 400: the daemon's id is missing.
        MissingDaemonId = "missing_daemon_id",
        /// 400: the daemon's id is not a UUID.
        InvalidDaemonId = "invalid_daemon_id",
        /// 400: not an agent's id.
        InvalidAgentRef = "invalid_agent_ref",
        /// 400: the attachment belongs to another daemon.
        DaemonIdMismatch = "daemon_id_mismatch",
        /// 409: another daemon has attached.
        AttachmentExists = "attachment_exists",
        /// 400: the user's id is not a UUID.
        InvalidUserId = "invalid_user_id",
        /// Documented for the hosted service: as `outcome_already_recorded`.
        OutcomeAlreadyReported = "outcome_already_reported",
        /// Documented for the hosted service: as `claim_failed`.
        AlreadyClaimed = "already_claimed",
        /// Documented for the hosted service: no credentials.
        NotAuthenticated = "not_authenticated",
        /// Documented for the hosted service: credentials that are not accepted.
        Unauthorized = "unauthorized",
        /// Documented for the hosted service: the month's executions are used up.
        ExecutionLimitExceeded = "execution_limit_exceeded",
        /// Documented for the hosted service, 410: the API key is stored as a hash only.
        PlaintextUnavailable = "plaintext_unavailable",
    }
}
