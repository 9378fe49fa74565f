"""Guests as those see them who need not know who they are. No I/O."""


def masked_name(name: str | None) -> str | None:
    """`Jane Doe` as `J*** D***`."""
    return " ".join(_masked(word) for word in name.split()) if name else None


def masked_email(email: str | None) -> str | None:
    """`jane@example.test` as `j***@e***`; what has no `@` shows its first letter only."""
    return "@".join(_masked(part) for part in email.split("@", 1)) if email else None


def masked_phone(phone: str | None) -> str | None:
    """`+33 6 12 34 56 78` as `***78`; a very short one shows nothing."""
    return f"***{phone[-2:] if len(phone) > 4 else ''}" if phone else None


def _masked(text: str) -> str:
    return f"{text[:1]}***"
