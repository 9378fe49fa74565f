-- table --
-- What an ordinary handler writes to: no more indexes than it needs.
create table ordinary_inbox (
  id bigint generated always as identity primary key,
  account text not null,
  ref text,
  raw_type text not null,
  delivery_id text,
  headers jsonb,
  body bytea,
  received_at timestamptz not null,
  done_at timestamptz,
  unique (account, delivery_id))

-- insert --
insert into ordinary_inbox (account, ref, raw_type, delivery_id, headers, body, received_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing
