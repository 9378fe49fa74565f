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
