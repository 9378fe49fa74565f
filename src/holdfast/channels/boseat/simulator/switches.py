"""Every documented ambiguity as a switch: its values, the default first. `n` is any whole number."""

from collections.abc import Mapping, Sequence

CHOICES: Mapping[str, Sequence[str]] = {
    # holds and bookings
    "create_body": ("id_only", "full"),
    "create_status_code": ("201", "200"),
    "status_after_create": ("RESERVED_15_MIN", "PENDING"),
    "pending_expires": ("yes", "never"),
    "expired_hold": ("404", "CANCEL", "still_RESERVED_15_MIN_but_slot_free"),
    "expiry_event": ("none", "booking.updated", "booking.deleted"),
    "taken_error": ("400", "422", "409"),
    "validation_status": ("400", "422"),
    "patch_body": ("full", "empty", "id_only"),
    "confirm_payment": ("location_on_2xx", "location_on_3xx", "none"),
    "payment_default": ("off", "on"),
    "status_until_paid": ("PENDING", "RESERVED_15_MIN", "CONFIRMED"),
    "payment_outcome": ("paid", "abandoned", "failed", "refunded_later"),
    "cancel_confirmed": ("allowed", "refused_409", "refused_422"),
    "delete_from": ("PENDING_and_CANCEL", "also_RESERVED_15_MIN", "any_status"),
    "delete_success": ("204", "200"),
    "delete_refused": ("409", "422", "400"),
    "patch_slot": ("ignored", "refused", "applied"),
    "foreign_phone": ("accepted", "refused"),
    "idempotency": ("ignored", "replays", "refuses_body_mismatch"),
    "capacity_mode": ("exclusive", "capacity_many"),
    "lag_seconds": ("0", "n"),  # how long a new booking is missing from GET, list and slots
    # lists
    "list_envelope": ("meta", "total_and_links", "bare_list", "nested_arrays"),
    "list_order": ("created_desc", "created_asc", "random_stable", "random_each_call"),
    "page_shift": ("off", "on"),
    "page_fault": ("none", "endless", "empty_early", "unreadable_row"),
    "space_ids_style": ("comma", "repeat", "brackets", "json"),
    "space_ids_other": ("ignored", "400"),
    # what a booking looks like
    "space_id_in_booking": ("absent", "present"),
    "customer_unconfirmed": ("absent", "null", "partial", "hidden"),
    "additional_products": ("objects", "strings"),
    "duration_form": ("flat", "nested"),
    "word_case": ("lower", "upper"),
    "timestamps": ("seconds", "milliseconds"),
    "id_style": ("uuid", "non_hex_uuid", "prefixed"),
    "unknown_values": ("off", "new_status", "new_event_type", "extra_fields"),
    # slots
    "availability_path": ("bookings_slots", "spaces_availability", "both"),
    "slots_wrapper": ("bare", "data"),
    "slots_max_days": ("none", "31_refused", "31_truncated"),
    "slots_to": ("days", "end_date_also_accepted"),
    # errors, budgets, tokens
    "correlation_id": ("body_on_errors", "body_always", "header", "none"),
    "rate_headers": ("all", "retry_after_only", "x_ratelimit_only", "none"),
    "retry_after_form": ("seconds", "http_date"),
    "rate_scope": ("workspace", "workspace_and_endpoint", "smoothed"),
    "reads_per_minute": ("60", "n"),
    "writes_per_minute": ("20", "n"),
    "expires_in": ("3600", "n"),
    "live_tokens": ("many", "one"),  # of one client: a new one may end the last
    # webhooks
    "event_names": ("enum", "booking_tutorial", "webhook_tutorial"),
    "cancel_events": ("updated_only", "cancelled_only", "both"),
    "event_id": ("none", "body_id", "body_eventId", "header"),
    "event_data": ("full", "id_only", "nested_booking", "stale_full"),
    "signature_input": ("body", "t_dot_body"),
    "signature_encoding": ("hex", "base64"),
    "signature_t": ("seconds", "milliseconds", "iso"),
    "signature_t_on_retry": ("fresh", "kept"),
    "signature_values": ("one", "two", "extra_scheme"),
    "subscription_api": ("subscriptions_path", "absent", "refuses_unknown_names"),
    "subscription_fields": ("events", "subscription"),
    "webhook_auto_disable": ("never", "n"),  # after n failed deliveries in a row
    "echo": ("on", "off"),  # whether a client's own changes are announced to it
}


def defaults() -> dict[str, str]:
    """Every switch at its default."""
    return {name: values[0] for name, values in CHOICES.items()}
