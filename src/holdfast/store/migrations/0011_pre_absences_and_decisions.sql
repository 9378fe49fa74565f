-- What a channel does not find, or says to be elsewhere: counted, since one answer changes nothing.
create table absences (
  account_id bigint not null references accounts,
  ref        text not null,
  kind       text not null check (kind in ('missing', 'elsewhere')),
  since      timestamptz not null,
  read_at    timestamptz not null check (read_at >= since),
  reads      integer not null check (reads > 0),
  primary key (account_id, ref, kind)
);

-- No guest's booking is cancelled without a decision; before the call goes out it bears what was read after it.
alter table pushes add column decision jsonb;

-- Since when a venue is configured as it is: its policy does nothing by itself until all was read after that.
alter table venues add column configured_at timestamptz not null default now();
