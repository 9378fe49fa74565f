-- A worker holds an advisory lock under its number for as long as it lives. What it takes carries the number, so that the
-- others take it over as soon as the lock is free, and do not wait for the lease to end.
create table worker_locks (
  number   bigint generated always as identity primary key,
  worker   text not null,
  taken_at timestamptz not null
);

alter table inbox add column leased_by bigint;
alter table pushes add column leased_by bigint, add column absent_from timestamptz;
alter table cursors add column leased_by bigint;
alter table readings add column leased_by bigint;
alter table probes add column leased_by bigint;
