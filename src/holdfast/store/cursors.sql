-- claim --
-- The audit of an account that is due. Two schedulers at once are safe: one of them gets it. A paused account is not read.
with due as (
  select c.id from cursors c join accounts a on a.id = c.account_id
   where c.task = 'audit' and c.next_due_at <= $1 and a.active and a.mode <> 'paused' and a.id = any($2::bigint[])
     and (c.lease_until is null or c.lease_until < clock_timestamp())
     and not exists (select from pauses s
                      where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
   order by c.next_due_at limit 1
   for update of c skip locked)
update cursors c set lease_until = clock_timestamp() + interval '30 seconds', leased_by = $3, started_at = $1
  from due where c.id = due.id
returning c.*

-- settle --
-- When it is due again. Who lost the lease meanwhile settles nothing.
update cursors
   set next_due_at = $2, lease_until = null, error = null, failures = 0,
       last_complete_at = case when $3 then $4 else last_complete_at end
 where id = $1 and started_at = $4

-- hurry --
-- Something changed: look sooner.
update cursors set next_due_at = least(next_due_at, $3) where account_id = $1 and task = $2

-- probe --
-- One wanted read of a listing's offers.
insert into probes (listing_id, during, due_at) values ($1, $2, $3)
on conflict (listing_id, during) do update set due_at = least(probes.due_at, excluded.due_at)

-- claim_probes --
-- What decisions about one listing wait for, all that lies near each other: the soonest time, unless another waits long.
with able as (
  select p.* from probes p join listings l on l.id = p.listing_id join accounts a on a.id = l.account_id
   where a.id = $2 and a.active and a.mode <> 'paused' and p.due_at <= $1
     and (p.lease_until is null or p.lease_until < clock_timestamp())
     and not exists (select from pauses s
                      where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
     and not exists (select from breakers b
                      where b.account_id = a.id and b.direction = 'in' and b.retry_at > $1)),
first as (
  select * from able order by due_at < $1 - interval '1 minute' desc, lower(during), id limit 1),
due as (
  select p.id from probes p join able o on o.id = p.id join first f on f.listing_id = p.listing_id
   where p.during && tstzrange(lower(f.during) - $3::interval, upper(f.during) + $3::interval)
     -- asked of the row itself, so that a lease that another worker took a moment ago is seen
     and p.due_at <= $1 and (p.lease_until is null or p.lease_until < clock_timestamp())
     for update of p skip locked)
update probes p set lease_until = clock_timestamp() + interval '30 seconds', leased_by = $4, attempts = p.attempts + 1
  from due where p.id = due.id
returning p.*

-- keep_probes --
-- Still being read.
update probes set lease_until = clock_timestamp() + interval '30 seconds'
 where id = any($1::bigint[]) and lease_until is not null

-- end_probes --
-- Read, or past.
delete from probes where id = any($1::bigint[])

-- probes_later --
-- The channel did not answer.
update probes set due_at = $2, lease_until = null where id = any($1::bigint[])

-- beat --
-- A worker's own heartbeat: arq's cannot tell workers apart.
insert into workers (id, version, started_at, beat_at, redis_ok_at) values ($1, $2, $3, $4, $5)
on conflict (id) do update set beat_at = excluded.beat_at, redis_ok_at = coalesce(excluded.redis_ok_at, workers.redis_ok_at),
  stopped_at = null

-- sign_off --
-- A worker was told to stop: it is not lost.
update workers set stopped_at = $2 where id = $1

-- bury_workers --
-- Those that have not been heard of for a day.
delete from workers where beat_at < $1

-- database_now --
-- The clock that all processes go by.
select clock_timestamp()
