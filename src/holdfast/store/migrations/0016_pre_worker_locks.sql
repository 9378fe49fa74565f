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

alter table inbox add column leased_by bigint;
alter table pushes add column leased_by bigint, add column absent_from timestamptz;
alter table cursors add column leased_by bigint;
alter table readings add column leased_by bigint;
alter table probes add column leased_by bigint;
