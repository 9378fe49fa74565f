-- take --
-- In a transaction with `lock`: others see the row only when the lock is held.
insert into worker_locks (worker, taken_at) values ($1, $2) returning number

-- lock --
-- Of the session: it is free as soon as its connection is closed, by a server that sees its client die. 3107 is ours.
select pg_advisory_lock(3107, $1::bigint::integer)

-- take_again --
-- The same number on a new connection, where nobody took over meanwhile.
with mine as materialized (select number from worker_locks where number = $1 for update)
select coalesce((select pg_try_advisory_lock(3107, number::integer) from mine), false)

-- held --
-- Whether this session has the lock: a pooler between may have given the session to somebody else.
select exists (
  select from pg_locks
   where locktype = 'advisory' and classid = 3107 and objid = $1::bigint::oid and objsubid = 2
     and pid = pg_backend_pid() and granted)

-- take_over --
-- What workers had in their hands that do not live any more. A call of theirs may have been made: that is found out at once,
-- but that it was not made is believed when their lease would have ended, not sooner.
with dead as materialized (
  select number from worker_locks where worker_is_gone(number) for update skip locked),
calls as (
  update pushes set state = 'unknown', due_at = $1, absent_from = lease_until, lease_until = null, leased_by = null
   where state = 'in_flight' and leased_by in (select number from dead)
  returning id),
looks as (
  update pushes set lease_until = null, leased_by = null
   where state = 'unknown' and leased_by in (select number from dead)),
news as (
  update inbox set lease_until = null, leased_by = null
   where done_at is null and leased_by in (select number from dead)),
lists as (
  update readings set lease_until = null, leased_by = null where leased_by in (select number from dead)),
offers as (
  update probes set lease_until = null, leased_by = null where leased_by in (select number from dead)),
audits as (
  update cursors set lease_until = null, leased_by = null where leased_by in (select number from dead)),
tries as (  -- it may have been the one that tried whether a provider answers; that two try is no harm
  update breakers set probing = false, retry_at = $1 where probing and exists (select from dead)),
gone as (
  delete from worker_locks where number in (select number from dead) returning worker)
select (select array_agg(worker) from gone) as workers, (select count(*) from calls) as calls

-- lapse_leases --
-- Whoever had these is gone or slow: the call may have been made.
update pushes set state = 'unknown', lease_until = null, due_at = $1
 where state = 'in_flight' and lease_until < clock_timestamp()
returning id
