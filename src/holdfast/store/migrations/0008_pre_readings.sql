-- An account's lists of bookings and stretches of offers, each with its own place and time: a reading is taken up where
-- it stopped, by any worker. `cursors` sums them up.
alter table cursors
  add column period_seconds double precision,
  add column news_at timestamptz,
  add column news_seconds double precision,
  add column asked_at timestamptz;

create table readings (
  id            bigint generated always as identity primary key,
  account_id    bigint not null references accounts,
  task          text not null check (task in ('bookings', 'past', 'offers')),
  listing_id    bigint references listings on delete cascade,
  place         text not null,
  during        tstzrange check (not isempty(during)),
  due_at        timestamptz not null,
  lease_until   timestamptz,
  started_at    timestamptz,
  page          integer,
  pass_began_at timestamptz,
  memo          jsonb not null default '{}',
  read_at       timestamptz,
  complete_at   timestamptz,
  cost          integer not null default 1 check (cost > 0),
  every_seconds double precision not null default 60 check (every_seconds > 0),
  failures      integer not null default 0,
  error         text,
  unique nulls not distinct (account_id, task, listing_id, place)
);
create index readings_due on readings (account_id, task, due_at);

create table pass_rows (
  reading_id bigint not null references readings on delete cascade,
  ref_hash   bigint not null,
  primary key (reading_id, ref_hash)
);

create table listed (
  account_id bigint not null references accounts,
  ref        text not null,
  at         timestamptz not null,
  primary key (account_id, ref)
);

create table looks (
  listing_id bigint not null references listings on delete cascade,
  during     tstzrange not null check (not isempty(during)),
  read_at    timestamptz not null,
  primary key (listing_id, during)
);
