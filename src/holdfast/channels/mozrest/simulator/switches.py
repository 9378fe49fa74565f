"""Every documented ambiguity of Mozrest as a switch: its values, the default first.

A value `n` stands for any whole number: seconds for `holding_time`, `availability_lag`, `read_lag` and
`payment_time`, days for `horizon`, calls a minute for `rate`, `reads_per_minute` and `writes_per_minute`, holds for
`hold_quota`.
"""

CHOICES: dict[str, tuple[str, ...]] = {
    # Dates and clocks: C1 to C6, U10, U11.
    "date_out": ("iso_offset", "iso_z", "epoch_int", "epoch_string", "mixed"),
    "webhook_date": ("epoch", "iso_offset"),
    "slot_time_zone": ("venue", "utc"),
    "list_day_zone": ("venue", "utc"),
    "example_epoch_error": ("off", "wall_clock"),
    "date_alignment": ("nearest", "exact_400", "exact_402"),
    # What a booking looks like: C10 to C14, C25, 2.5.
    "booking_fields": ("full", "sparse"),
    "area_in_booking": ("absent", "present"),
    "telephone_out": ("string", "int"),
    "opt_in_out": ("bool", "string"),
    "status_words": ("current", "legacy", "partner", "new"),
    "extra_fields": ("sometimes", "never", "always"),
    "address": ("ignored", "mandatory", "echo_street", "echo_address"),
    "venue_keys": ("current", "legacy"),
    # Payments: 2.10, C14, U15.
    "payment_word": ("require_payment", "requires_payment"),
    "payment_answer_id": ("with", "without"),
    "payment_hold": ("kept", "holding_time", "released"),
    "payment_time": ("900", "n"),
    "payment_signal": ("webhook", "get_only"),
    # Holds and commits: 2.4, U1 to U3, U21, C23.
    "commit_status": ("confirmed", "pending"),
    "commit_expired": ("404", "402", "410", "400"),
    "commit_repeated": ("404", "402", "same", "second"),
    "hold_taken": ("402", "400", "409", "404"),
    "hold_quota": ("none", "n"),
    "holding_time": ("venue", "n"),
    "hold_kept": ("as_told", "half"),
    "undocumented_release": ("absent", "delete"),
    "pending_message": ("string", "null", "notes"),
    "booking_type": ("optional", "needed"),
    "one_step_create": ("absent", "present"),
    # Amending and cancelling: C9, C16, C33, U12, 2.8.
    "amend_confirmed": ("allowed", "400", "402", "403"),
    "amend_fields": ("both", "any"),
    "cancel_body": ("any", "closed_list", "reason_refused"),
    "cancel_actor_echo": ("as_sent", "user"),
    "cancel_twice": ("200", "402", "404"),
    "cancel_late": ("allowed", "refused"),
    # Availability and areas: C22, C24, U11, U14, U16.
    "slots_around": ("grid", "nearest", "four_each"),
    "hints": ("null_when_none", "left_out"),
    "area_missing": ("empty", "400", "any", "default"),
    "area_coupling": ("independent", "shared"),
    "venue_param": ("split", "mzId"),
    "availability_extras": ("absent", "types", "durations"),
    "availability_lag": ("0", "n"),
    "horizon": ("none", "n"),
    "horizon_answer": ("empty", "400"),
    # Lists: 2.9, U17, U18.
    "other_channels_visible": ("no", "yes"),
    "list_order": ("by_date", "stable", "random", "moving"),
    "limit_zero": ("empty", "default", "400"),
    "read_lag": ("0", "n"),
    # Answers in general: section 6, C30, U8, U19.
    "success_code": ("200", "201", "204"),
    "error_body": ("json", "text", "html", "empty"),
    "wrong_method": ("403", "405"),
    "rate_limit": ("none", "429", "429_bare", "403", "503"),
    "rate": ("60", "n"),
    "reads_per_minute": (
        "none",
        "n",
    ),  # apart from writes, in any 60 seconds; refused as `rate_limit` says, or with 429
    "writes_per_minute": ("none", "n"),
    "key": ("valid", "revoked"),
    "venue_link": ("linked", "404", "403"),
    # Webhooks: section 3, C2, C7, C8, C12, U4, U5, U7.
    "webhook_auth": ("bearer", "basic", "header"),
    "webhook_data": ("partial", "full", "partial_with_canceled"),
    "webhook_words": ("entity_id", "entityId", "cancelled"),
    "webhook_id_mismatch": ("off", "on"),
    "webhook_batch": ("object", "array"),
    "webhook_echo": ("on", "off"),
    "webhook_on": ("changes", "everything"),
    "webhook_fault": ("none", "wrong_auth", "no_auth", "not_json", "unknown_entity"),
}
