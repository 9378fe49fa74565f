-- One access token of an account for all processes, where its provider gives tokens; sealed by the channel.
create table access_tokens (
  account_id  bigint primary key references accounts,
  sealed      bytea,
  lease_until timestamptz
);

-- Whether this is still the store that its processes knew, or an older state of it.
create table lineage (
  one          boolean primary key default true check (one),
  installation uuid not null default gen_random_uuid(),
  looks        bigint not null default 0,
  looked_at    timestamptz not null,
  went_back_at timestamptz,
  went_back_to timestamptz,
  doubted_at   timestamptz
);

-- What was asked for with a key of the asker's own, for a day.
create table once (
  who        text not null,
  key        text not null,
  digest     bytea not null,
  booking_id bigint not null references bookings on delete cascade,
  at         timestamptz not null,
  primary key (who, key)
);
create index once_by_age on once (at);
create index once_by_booking on once (booking_id);
