-- claim --
-- Two schedulers at once are safe: one of them gets it. Whose intake a person has paused is not read, nor
-- who answers nobody.
with due as (
  select c.id from cursors c join accounts a on a.id = c.account_id
   where c.next_due_at <= $1 and a.active and a.mode <> 'paused' and a.id = any($2::bigint[])
     and (c.lease_until is null or c.lease_until < clock_timestamp())
     and not exists (select from pauses s
                      where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
     and not exists (select from breakers b
                      where b.account_id = a.id and b.direction = 'in' and b.retry_at > $1)
   order by c.next_due_at limit 1
   for update of c skip locked)
update cursors c set lease_until = clock_timestamp() + interval '30 seconds', started_at = $1
  from due where c.id = due.id
returning c.*

-- keep --
-- Still being read, by the one who claimed it then.
update cursors set lease_until = clock_timestamp() + interval '30 seconds'
 where id = $1 and started_at = $2 and lease_until is not null

-- give_back --
-- Not read to its end: the next who looks may begin anew.
update cursors set lease_until = null where id = $1 and started_at = $2

-- settle --
-- When it is due again, and what came of it. Whoever lost the lease meanwhile settles nothing: another reads now.
update cursors
   set next_due_at = $2, lease_until = null, error = $3,
       failures = case when $3::text is null then 0 else failures + 1 end,
       last_complete_at = coalesce($4, last_complete_at)
 where id = $1 and started_at = $5

-- hurry --
-- Something changed: look sooner.
update cursors set next_due_at = least(next_due_at, $3) where account_id = $1 and task = $2

-- probe --
-- One wanted read of a listing's offers.
insert into probes (listing_id, during, due_at) values ($1, $2, $3)
on conflict (listing_id, during) do update set due_at = least(probes.due_at, excluded.due_at)

-- claim_probe --
-- As above.
with due as (
  select id from probes
   where due_at <= $1 and (lease_until is null or lease_until < clock_timestamp())
     and not exists (select from pauses s join listings l on l.account_id = s.account_id
                      where l.id = probes.listing_id and s.direction = 'intake' and s.ended_at is null)
     and not exists (select from breakers b join listings l on l.account_id = b.account_id
                      where l.id = probes.listing_id and b.direction = 'in' and b.retry_at > $1)
   order by due_at limit 1 for update skip locked)
update probes p set lease_until = clock_timestamp() + interval '1 minute', attempts = p.attempts + 1
  from due where p.id = due.id
returning p.*

-- end_probe --
-- Read, or given up.
delete from probes where id = $1

-- probe_later --
-- The channel did not answer.
update probes set due_at = $2, lease_until = null where id = $1

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
