-- The declared schema: what all migrations together must add up to (tests/store/test_migrations.py).
-- Instants are timestamptz; every range is half-open and finite.

create table accounts (
  id                bigint generated always as identity primary key,
  name              text not null unique,
  channel           text not null,
  mode              text not null check (mode in ('live', 'shadow', 'paused')),
  settings          jsonb not null,  -- the channel's own keys as in holdfast.toml; secrets as references only
  reads_per_minute  integer not null check (reads_per_minute > 0),
  writes_per_minute integer not null check (writes_per_minute > 0),
  poll_seconds      integer not null check (poll_seconds > 0),
  offers_seconds    integer not null check (offers_seconds > 0),
  audit_seconds     integer not null default 900 check (audit_seconds > 0),
  horizon_days      integer not null check (horizon_days > 0),
  active            boolean not null default true,  -- false: no longer in holdfast.toml
  last_webhook_at   timestamptz,
  braked_at         timestamptz,  -- a mass disappearance: nothing is released until a person accepts it
  brake             jsonb,        -- why, and what would go
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  left_at           timestamptz,  -- since then nothing of it is left; null while it is in service, or leaving
  former_names      text[] not null default '{}'  -- its provider may still send webhooks to these
);

create table venues (
  id            bigint generated always as identity primary key,
  name          text not null unique,
  timezone      text not null,
  house_contact jsonb not null,
  holds         text not null check (holds in ('rehold', 'commit', 'none')),
  conflicts     text not null check (conflicts in ('propose', 'auto')),
  trust_offers  boolean not null default false,  -- time taken elsewhere by nobody we know is closed, too
  active        boolean not null default true,
  journal_seq   bigint not null default 0,
  journal_hash  bytea not null default '\x',
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  configured_at timestamptz not null default now(),  -- since when it is configured as it is
  left_at       timestamptz  -- as for accounts
);

create table units (
  id              bigint generated always as identity primary key,
  venue_id        bigint not null references venues,
  name            text not null,
  seats           integer not null check (seats > 0),
  setup_minutes   integer not null default 0 check (setup_minutes >= 0),
  cleanup_minutes integer not null default 0 check (cleanup_minutes >= 0),
  active          boolean not null default true,
  left_at         timestamptz,  -- as for accounts
  unique (venue_id, name)
);

create table listings (
  id         bigint generated always as identity primary key,
  venue_id   bigint not null references venues,
  account_id bigint not null references accounts,
  name       text not null unique,
  takes      text not null check (takes in ('all', 'one')),
  party_size integer not null check (party_size > 0),
  settings   jsonb not null,  -- the channel's own keys as in holdfast.toml
  active     boolean not null default true,
  left_at    timestamptz  -- as for accounts
);

create table listing_units (
  listing_id bigint not null references listings on delete cascade,
  unit_id    bigint not null references units,
  position   integer not null,
  primary key (listing_id, unit_id)
);

-- Raw facts, in whatever order they came. A row is done once its effect is committed.
create table inbox (
  id          bigint generated always as identity primary key,
  account_id  bigint references accounts,
  via         text not null check (via in ('webhook', 'poll', 'clock', 'operator', 'replay')),
  ref         text,         -- the provider's booking id; null: nothing to read
  raw_type    text not null,
  delivery_id text,         -- the provider's own event id, where there is one
  headers     jsonb,
  body        bytea,
  received_at timestamptz not null,
  due_at      timestamptz not null,
  lease_until timestamptz,
  attempts    integer not null default 0,
  done_at     timestamptz,
  outcome     text,
  error       text,
  leased_by   bigint,  -- the number of the worker that has it; see worker_locks
  -- a provider that numbers its deliveries repeats the number when it repeats the delivery
  constraint inbox_one_delivery unique (account_id, delivery_id, ref)
);
create index inbox_due on inbox (due_at, id) where done_at is null;
create index inbox_waiting on inbox (account_id, due_at, id) where done_at is null;
create index inbox_by_account on inbox (account_id, received_at);
create index inbox_by_ref on inbox (ref, account_id, id) where ref is not null;
create index inbox_troubled on inbox (id) where error is not null or outcome = 'broken';
create index inbox_when on inbox (received_at);

-- A booking is a fact told by a channel, or made directly at the venue (no account). Never refused.
create table bookings (
  id            bigint generated always as identity primary key,
  venue_id      bigint references venues,   -- null: unmapped
  listing_id    bigint references listings, -- null: unmapped, or direct
  account_id    bigint references accounts, -- null: direct
  channel       text not null,
  external_id   text not null,
  status        text not null check (status in ('held', 'pending', 'confirmed', 'seated', 'completed',
                  'no_show', 'cancelled', 'declined', 'expired', 'unknown')),
  raw_status    text not null,
  payment       text not null check (payment in ('none', 'due', 'paid', 'refunded')),
  during        tstzrange check (not isempty(during) and lower_inc(during) and not upper_inc(during)
                  and not lower_inf(during) and not upper_inf(during)),
  party_size    integer,
  unit_ids      bigint[] not null default '{}',  -- the units asked for by a direct booking
  held_until    timestamptz,
  made_at       timestamptz,           -- the provider's clock
  first_seen_at timestamptz not null,  -- our clock
  firm_at       timestamptz,           -- our clock, when it was first seen confirmed
  read_at       timestamptz not null,  -- an older read never overwrites a newer one
  version       integer not null default 1,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create unique index bookings_one_per_ref on bookings (account_id, external_id);
create index bookings_by_venue on bookings using gist (int8range(venue_id, venue_id, '[]'), during);
create index bookings_by_start on bookings (venue_id, lower(during), id);
create index bookings_lapsing on bookings (held_until) where status in ('held', 'pending');

-- Guest data stands alone, so that it can be erased and kept out of everything else.
create table guests (
  booking_id bigint primary key references bookings on delete cascade,
  name       text,
  email      text,
  phone      text,
  locale     text,
  erased_at  timestamptz
);

-- Units granted to a booking, setup and cleanup included.
create table allocations (
  id         bigint generated always as identity primary key,
  venue_id   bigint not null references venues,
  booking_id bigint not null references bookings on delete cascade,
  unit_id    bigint not null references units,
  during     tstzrange not null check (not isempty(during) and lower_inc(during) and not upper_inc(during)
               and not lower_inf(during) and not upper_inf(during)),
  unique (booking_id, unit_id),
  -- no unit is granted twice: whatever Python believes, the database refuses it
  constraint allocations_no_overlap exclude using gist
    (int8range(unit_id, unit_id, '[]') with &&, during with &&)
);

-- What a listing sells at its channel, as last read.
create table offers (
  listing_id bigint not null references listings on delete cascade,
  starts_at  timestamptz not null,
  ends_at    timestamptz not null check (ends_at > starts_at),
  open       boolean not null,
  read_at    timestamptz not null,
  unsold_at  timestamptz,  -- when a complete reading last found it not sold
  primary key (listing_id, starts_at, ends_at)
);

-- A hold or booking that we place on a listing so that it stops selling time taken elsewhere.
create table blocks (
  id           bigint generated always as identity primary key,
  venue_id     bigint not null references venues,
  listing_id   bigint not null references listings,
  account_id   bigint not null references accounts,
  during       tstzrange not null check (not isempty(during) and lower_inc(during) and not upper_inc(during)),
  lane         integer not null default 0,  -- tells blocks of one span apart, where a channel counts capacity
  party        integer,                -- whom it is placed for; null: the listing's own party
  marker       text not null unique,   -- by which we know our own
  wants        text not null check (wants in ('held', 'booked', 'nothing')),
  wanted_until timestamptz,            -- the latest deadline of the holds behind it
  state        text not null check (state in ('absent', 'held', 'booked')),
  external_id  text,                   -- the hold's id until it is committed, then the booking's
  last_ref     text,                   -- the id of what stood there last: its provider tells of its end
  expires_at   timestamptz,            -- our clock: the earliest moment at which the hold may lapse
  because      bigint[] not null,      -- the bookings that it stands for
  placed_at    timestamptz,
  losses       integer not null default 0,  -- how often somebody took it away at the channel
  gap_since    timestamptz,            -- it lapsed or was lost while still wanted
  closed_at    timestamptz,            -- nothing wanted and nothing there
  version      integer not null default 1,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  shrunk_at    timestamptz  -- since when it is to be placed for a smaller party than before
);
create unique index blocks_one_live on blocks (listing_id, during, lane) where closed_at is null;
create unique index blocks_one_per_ref on blocks (account_id, external_id) where external_id is not null;
create index blocks_ended on blocks (account_id, last_ref) where last_ref is not null;
create index blocks_live on blocks (venue_id) where closed_at is null;
create index blocks_because on blocks using gin (because);

-- One wanted outward call. The newest wish replaces the one waiting; one is in flight at a time.
create table pushes (
  id          bigint generated always as identity primary key,
  venue_id    bigint not null references venues,
  account_id  bigint not null references accounts,
  block_id    bigint references blocks,
  booking_id  bigint references bookings,
  call        text not null check (call in ('place', 'commit', 'release', 'cancel')),
  state       text not null check (state in
                ('waiting', 'in_flight', 'unknown', 'shadow', 'done', 'dead', 'superseded')),
  risk        integer not null,      -- lower goes first: closing before releasing, committed before held
  starts_at   timestamptz not null,  -- of the time concerned; sooner goes first
  due_at      timestamptz not null,
  lease_until timestamptz,           -- the database's clock
  epoch       integer not null default 0,
  attempts    integer not null default 0,
  absent_reads integer not null default 0,  -- how often its unknown outcome was looked for in vain
  reason      text,
  observed_at timestamptz not null,  -- when we first heard of what this answers
  wished_at   timestamptz not null,
  settled_at  timestamptz,
  outcome     text,
  error       text,
  decision    jsonb,  -- of a cancel: who decided it and when, who stays, and what was read after that
  leased_by   bigint,
  absent_from timestamptz,  -- its worker died: until then what is not there may still come
  check ((block_id is null) <> (booking_id is null))
);
create unique index pushes_one_waiting on pushes
  (coalesce(block_id, 0), coalesce(booking_id, 0)) where state in ('waiting', 'shadow');
create unique index pushes_one_flying on pushes
  (coalesce(block_id, 0), coalesce(booking_id, 0)) where state in ('in_flight', 'unknown');
create index pushes_due on pushes (account_id, risk, starts_at, id) where state in ('waiting', 'unknown');
create index pushes_by_account on pushes (account_id, settled_at) where settled_at is not null;
create index pushes_lapsed on pushes (lease_until) where state = 'in_flight';
create index pushes_by_block on pushes (block_id) where block_id is not null;
create index pushes_refused on pushes (venue_id, settled_at) where outcome = 'taken';
create index pushes_placing on pushes (account_id, block_id)
  where call = 'place' and state in ('waiting', 'in_flight', 'unknown');
create index pushes_open on pushes (wished_at, id) where state in ('waiting', 'in_flight', 'unknown', 'shadow');
create index pushes_dead on pushes (id) where state = 'dead';
create index pushes_by_booking on pushes (booking_id) where booking_id is not null;

-- One try of a push, written before the call is made.
create table attempts (
  id         bigint generated always as identity primary key,
  push_id    bigint not null references pushes on delete cascade,
  number     integer not null,
  key        text not null,
  sent_at    timestamptz not null,
  settled_at timestamptz,
  outcome    text check (outcome in ('done', 'not_done', 'unknown')),
  failure    text,
  status     integer,
  detail     text,
  unique (push_id, number)
);
create index attempts_sent on attempts (sent_at);

-- What a person should see: an occupying booking without its units, and its kin.
create table conflicts (
  id          bigint generated always as identity primary key,
  venue_id    bigint references venues,
  kind        text not null,
  booking_id  bigint references bookings,
  block_id    bigint references blocks,
  against_ids bigint[] not null default '{}',
  unit_ids    bigint[] not null default '{}',
  evidence    jsonb not null default '{}',
  opened_at   timestamptz not null,
  snoozed_until timestamptz,
  auto_at     timestamptz,  -- under policy `auto`: when the grace time is over
  decision    jsonb,        -- what was decided, by whom, and which calls must confirm it
  decided_at  timestamptz,
  closed_at   timestamptz,
  resolution  text
);
create unique index conflicts_one_open on conflicts
  (kind, coalesce(booking_id, 0), coalesce(block_id, 0)) where closed_at is null;
create index conflicts_opened on conflicts (opened_at);

-- What changed, when, from which observation, who decided. One hash chain a venue; no guest data.
create table journal (
  venue_id   bigint not null references venues,
  seq        bigint not null,
  at         timestamptz not null,
  kind       text not null,
  actor      text not null,
  booking_id bigint,
  block_id   bigint,
  push_id    bigint,
  inbox_id   bigint,
  data       text not null,  -- canonical JSON; hashed as it stands, with the columns above
  hash       bytea not null,
  primary key (venue_id, seq)
);
create index journal_by_booking on journal (booking_id, venue_id, seq) where booking_id is not null;
create index journal_by_block on journal (block_id, venue_id, seq) where block_id is not null;
create index journal_by_inbox on journal (inbox_id) where inbox_id is not null;
create index journal_by_push on journal (push_id) where push_id is not null;

create function journal_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append-only';
end $$;
create trigger journal_append_only before update or delete on journal
  for each row execute function journal_is_append_only();
create trigger journal_never_emptied before truncate on journal
  for each statement execute function journal_is_append_only();

-- How an account's readings stand; one row for each account and task. `bookings` and `offers` sum up `readings`; `audit`
-- is due by itself.
create table cursors (
  id               bigint generated always as identity primary key,
  account_id       bigint not null references accounts,
  task             text not null check (task in ('bookings', 'offers', 'audit')),
  next_due_at      timestamptz not null,
  lease_until      timestamptz,  -- the database's clock
  started_at       timestamptz,
  last_complete_at timestamptz,  -- everything was read since
  failures         integer not null default 0,
  error            text,
  period_seconds   double precision,  -- in which everything is to be read once, by plan
  news_at          timestamptz,       -- all that tells of the next days was read since
  news_seconds     double precision,  -- in which that is to be read once, by plan
  asked_at         timestamptz,       -- up to when what no list shows any more was asked after
  leased_by        bigint,
  unique (account_id, task)
);

-- One list of bookings, what is past in a long one, or a listing's offers for some days: read page by page.
create table readings (
  id            bigint generated always as identity primary key,
  account_id    bigint not null references accounts,
  task          text not null check (task in ('bookings', 'past', 'offers')),
  listing_id    bigint references listings on delete cascade,  -- of offers
  place         text not null,           -- the list as its channel names it; the first day of offers
  during        tstzrange check (not isempty(during)),  -- what it tells of; null: of any time
  due_at        timestamptz not null,
  lease_until   timestamptz,             -- the database's clock
  started_at    timestamptz,
  page          integer,                 -- to be asked for next; null: a pass begins
  pass_began_at timestamptz,             -- the pass under way
  memo          jsonb not null default '{}',  -- what was learned of the list, and of the pass under way
  read_at       timestamptz,             -- when its last page was read
  complete_at   timestamptz,             -- when its last complete pass began
  cost          integer not null default 1 check (cost > 0),  -- reads that the last pass took
  every_seconds double precision not null default 60 check (every_seconds > 0),  -- between two readings, by plan
  failures      integer not null default 0,
  error         text,
  leased_by     bigint,
  unique nulls not distinct (account_id, task, listing_id, place)
);
create index readings_due on readings (account_id, task, due_at);

-- The rows that a pass over several pages has seen: pages shift while they are read.
create table pass_rows (
  reading_id bigint not null references readings on delete cascade,
  ref_hash   bigint not null,
  primary key (reading_id, ref_hash)
);

-- When a list last showed each live booking and block of an account: what none shows any more is asked after by its id.
create table listed (
  account_id bigint not null references accounts,
  ref        text not null,
  at         timestamptz not null,
  primary key (account_id, ref)
);

-- What of a listing's offers was read completely, and when last.
create table looks (
  listing_id bigint not null references listings on delete cascade,
  during     tstzrange not null check (not isempty(during)),
  read_at    timestamptz not null,
  primary key (listing_id, during)
);

-- What a channel does not find, or says to be elsewhere: counted, since one answer changes nothing.
create table absences (
  account_id bigint not null references accounts,
  ref        text not null,
  kind       text not null check (kind in ('missing', 'elsewhere')),
  since      timestamptz not null,  -- the first of the reads in a row that said so
  read_at    timestamptz not null check (read_at >= since),
  reads      integer not null check (reads > 0),
  primary key (account_id, ref, kind)
);

-- What holds an account's calls back, as our own processes know it: a number in Redis alone is not believed for long.
create table limits (
  account_id bigint not null references accounts,
  told       boolean not null,       -- its provider said so (429); false: only Redis says so
  since      timestamptz not null,
  until      timestamptz not null,
  primary key (account_id, told)
);

-- What a channel shows as a booking and we cannot read. It counts until a complete reading began after it was last seen.
create table unreadables (
  account_id bigint not null references accounts,
  ref        text not null,          -- '': it does not say which booking it is
  field      text not null,          -- what cannot be read; never what is in it
  first_at   timestamptz not null,
  seen_at    timestamptz not null,
  primary key (account_id, ref)
);

-- One wanted read of a listing's offers, for a stretch of time that polling would reach too late.
create table probes (
  id          bigint generated always as identity primary key,
  listing_id  bigint not null references listings on delete cascade,
  during      tstzrange not null check (not isempty(during)),
  due_at      timestamptz not null,
  lease_until timestamptz,  -- the database's clock
  attempts    integer not null default 0,
  leased_by   bigint,
  unique (listing_id, during)
);

-- How long a booking's time was sold on another listing: a row for each time it came to that (0 s: it was never
-- offered there), open until the last offer is gone.
create table exposures (
  id         bigint generated always as identity primary key,
  booking_id bigint not null references bookings on delete cascade,
  listing_id bigint not null references listings,
  during     tstzrange not null check (not isempty(during)),  -- the time that the listing must not sell
  cause      text not null check (cause in ('taken', 'moved', 'again')),  -- again: what closed it was lost
  began_at   timestamptz not null,
  basis      text not null check (basis in ('provider', 'receipt')),  -- whose clock says when it began
  ended_at   timestamptz check (ended_at >= began_at),
  why        text  -- what took so long, or why it cannot be closed
);
create unique index exposures_one_open on exposures (booking_id, listing_id) where ended_at is null;
create index exposures_by_booking on exposures (booking_id, listing_id, id);
create index exposures_ended on exposures (ended_at);

-- Time that a channel no longer offers although we know of no booking there.
create table occupied (
  listing_id bigint not null references listings on delete cascade,
  during     tstzrange not null check (not isempty(during)),
  since      timestamptz not null,
  read_at    timestamptz not null,
  primary key (listing_id, during)
);

-- What an audit found, and what became of it.
create table audits (
  id          bigint generated always as identity primary key,
  account_id  bigint not null references accounts,
  venue_id    bigint not null references venues,
  began_at    timestamptz not null,
  ended_at    timestamptz,
  complete    boolean not null default false,
  findings    jsonb not null default '[]'
);
create index audits_latest on audits (venue_id, account_id, began_at);

-- A release waits while an account is braked that sells the same units: nothing is freed on doubt.
create function braked_around(block bigint) returns boolean language sql stable as $$
  select exists (
    select from blocks b
      join listing_units mine on mine.listing_id = b.listing_id
      join listing_units theirs on theirs.unit_id = mine.unit_id
      join listings l on l.id = theirs.listing_id
      join accounts a on a.id = l.account_id
     where b.id = block and a.braked_at is not null)
$$;

-- A person holds an account back: what comes in is kept and not worked off, or what goes out waits.
create table pauses (
  id         bigint generated always as identity primary key,
  account_id bigint not null references accounts,
  direction  text not null check (direction in ('intake', 'pushes')),
  began_at   timestamptz not null,
  actor      text not null,
  reason     text not null,
  ended_at   timestamptz check (ended_at >= began_at),  -- null: it goes on
  ended_by   text,
  end_reason text
);
create unique index pauses_one_open on pauses (account_id, direction) where ended_at is null;
create index pauses_by_account on pauses (account_id, id);

-- Webhooks that were refused, counted in stretches of five minutes, by why.
create table refusals (
  account_id bigint not null references accounts,
  slot       timestamptz not null,
  result     text not null,
  amount     integer not null check (amount > 0),
  primary key (account_id, slot, result)
);

-- An account's calls, reads (in) and writes (out), held back while its provider answers none of them.
create table breakers (
  account_id bigint not null references accounts,
  direction  text not null check (direction in ('in', 'out')),
  failures   integer not null default 0 check (failures >= 0),  -- since the last answer
  opened_at  timestamptz,                                       -- null: closed
  retry_at   timestamptz,                                       -- nothing goes before; from then on, one call
  probing    boolean not null default false,                    -- that one is made: until retry_at it has its time
  reason     text,                                              -- what came last instead of an answer
  primary key (account_id, direction),
  check ((opened_at is null) = (retry_at is null))
);

-- Reads that went out of an account's budget, counted in stretches of ten seconds.
create table reads (
  account_id bigint not null references accounts,
  slot       timestamptz not null,
  amount     integer not null check (amount > 0),
  primary key (account_id, slot)
);

-- One access token of an account for all processes, where its provider gives tokens: a provider may end the last one with
-- each new one. Sealed by the channel with a key made from the account's own secret.
create table access_tokens (
  account_id  bigint primary key references accounts,
  sealed      bytea,       -- null: none was granted yet
  lease_until timestamptz  -- the database's clock: one process asks for the next
);

-- Whether this is still the store that its processes knew, or an older state of it. One row, made by the first of them.
create table lineage (
  one          boolean primary key default true check (one),
  installation uuid not null default gen_random_uuid(),
  looks        bigint not null default 0,  -- each look adds one: whoever saw a higher number knows that it went back
  looked_at    timestamptz not null,
  went_back_at timestamptz,                -- when that was noticed last; null: never
  went_back_to timestamptz,                -- the moment of the state that it went back to
  doubted_at   timestamptz                 -- when what it was about to do then was last taken back
);

-- What was asked for with a key of the asker's own, for a day: asked again, it is the same booking and not one more.
create table once (
  who        text not null,
  key        text not null,
  digest     bytea not null,  -- SHA-256 of what was asked for
  booking_id bigint not null references bookings on delete cascade,
  at         timestamptz not null,
  primary key (who, key)
);
create index once_by_age on once (at);
create index once_by_booking on once (booking_id);

create table workers (
  id          text primary key,
  version     text not null,
  started_at  timestamptz not null,
  beat_at     timestamptz not null,
  redis_ok_at timestamptz,
  stopped_at  timestamptz  -- it was told to stop, and said so
);

-- A worker holds an advisory lock under its number for as long as it lives. What it takes carries the number, so that the
-- others take it over as soon as the lock is free, and do not wait for the lease to end.
create table worker_locks (
  number   bigint generated always as identity primary key,
  worker   text not null,
  taken_at timestamptz not null
);

-- Whether nobody holds the lock of that number. After a start of the server all locks are free for a moment: those who live
-- get three seconds to take theirs again. 3107 is ours.
create function worker_is_gone(number bigint) returns boolean language sql volatile as $$
  select pg_postmaster_start_time() < clock_timestamp() - interval '3 seconds'
     and pg_try_advisory_xact_lock(3107, number::integer)
$$;

-- Who may sign in and what he may, what programs show instead, and what was done by whom. No secret is kept in clear.

create table people (
  id          bigint generated always as identity primary key,
  name        text not null unique,  -- as it stands in the journal
  password    text,                  -- scrypt, with its cost and salt; null: signs in elsewhere
  subject     text unique,           -- his `sub` at the OpenID provider
  email       text unique,           -- in small letters; counts only if the provider verified it
  role        text not null check (role in ('viewer', 'venue', 'operator', 'admin')),
  venues      text[],                -- by name; null: all
  created_at  timestamptz not null,
  disabled_at timestamptz,
  check (venues is null or role in ('viewer', 'venue'))
);

create table sessions (
  id         bigint generated always as identity primary key,
  digest     bytea not null unique,  -- SHA-256 of what the browser has
  person_id  bigint not null references people,
  created_at timestamptz not null,
  seen_at    timestamptz not null,
  ends_at    timestamptz not null    -- whatever happens until then
);
create index sessions_of_person on sessions (person_id);

create table tokens (
  id         bigint generated always as identity primary key,
  name       text not null unique,
  digest     bytea not null unique,  -- SHA-256 of what the program shows
  scope      text not null check (scope in ('read', 'book', 'operate', 'admin')),
  venues     text[],                 -- by name; null: all
  made_by    text not null,
  created_at timestamptz not null,
  used_at    timestamptz,
  revoked_at timestamptz,
  check (venues is null or scope in ('read', 'book'))
);

-- What people and programs did. A row is written before the deed; how it ended is added once, and nothing else changes.
create table actions (
  id      bigint generated always as identity primary key,
  at      timestamptz not null,
  who     text not null,
  via     text not null check (via in ('page', 'api', 'command')),
  what    text not null,
  object  text not null,
  reason  text not null,
  outcome text check (outcome in ('ok', 'shown', 'refused', 'stale', 'failed'))  -- null: not told yet, or its process ended before
);
create index actions_by_who on actions (who, id);

create function actions_are_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.outcome is null and
     (old.id, old.at, old.who, old.via, old.what, old.object, old.reason) =
     (new.id, new.at, new.who, new.via, new.what, new.object, new.reason) then
    return new;
  end if;
  raise exception 'the actions are append-only';
end $$;
create trigger actions_append_only before update or delete on actions
  for each row execute function actions_are_append_only();
create trigger actions_never_emptied before truncate on actions
  for each statement execute function actions_are_append_only();
