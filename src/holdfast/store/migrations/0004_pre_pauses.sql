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

-- what failed in the last hour; what came to a conflict in the last day
create index attempts_sent on attempts (sent_at);
create index conflicts_opened on conflicts (opened_at);
