-- When a complete reading last found an offer not sold: what the channel refused there before, it refused rightly.
alter table offers add column unsold_at timestamptz;
