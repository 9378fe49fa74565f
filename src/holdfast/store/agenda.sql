-- look --
-- The sweep comes by every second and mostly finds nothing: one question for everything. `clock` may say yes too
-- often, never too seldom: what is really over, the statements about it find out.
select exists (select from blocks where closed_at is null and (upper(during) <= $1 or (state = 'held' and expires_at <= $1)))
    or exists (select from exposures where ended_at is null and upper(during) <= $1)
    or exists (select from bookings where status in ('held', 'pending') and held_until <= $1 and read_at < held_until)
    or exists (select from conflicts c
                where c.closed_at is null and (c.auto_at <= $1 or c.decision is not null
                  or (select upper(b.during) <= $1 or (c.kind = 'not_found' and b.read_at > c.opened_at)
                        from bookings b where b.id = c.booking_id)))
    or exists (select from pushes where state = 'in_flight' and lease_until < clock_timestamp())
    or exists (select from worker_locks where worker_is_gone(number))
    or exists (select from pushes where state = 'shadow' and account_id = any($2::bigint[])) as clock,
       -- whose news wait, are not paused, and can be read; for each account one row is enough, however many there
       -- are: between, and in this order, so that it comes out of the account's own index
       array(select a.id from accounts a
              where (select i.id from inbox i
                      where i.account_id between a.id and a.id and i.done_at is null and i.due_at <= $1
                        and (i.lease_until is null or i.lease_until < clock_timestamp())
                      order by i.account_id, i.due_at, i.id limit 1) is not null
                and not exists (select from pauses s
                                 where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
                and not exists (select from breakers k
                                 where k.account_id = a.id and k.direction = 'in' and k.retry_at > $1)
              order by a.id) as heard,
       -- whose calls wait, are not paused, and may be answered
       array(select distinct p.account_id from pushes p
              where p.state in ('waiting', 'unknown') and p.due_at <= $1
                and (p.lease_until is null or p.lease_until < clock_timestamp())
                and not exists (select from pauses s
                                 where s.account_id = p.account_id and s.direction = 'pushes' and s.ended_at is null)
                and not exists (select from breakers k
                                 where k.account_id = p.account_id and k.retry_at > $1
                                   and k.direction = case p.state when 'unknown' then 'in' else 'out' end)
                and (p.call <> 'release' or p.state = 'unknown' or not braked_around(p.block_id))) as wanted

-- next --
-- When there is something to do again: $1 now, $2 the accounts that send, $3 all, $4 the venues, $5 how long a
-- confirmation may take, $6 how much longer we believe in a hold of ours. A release that is due and not sent waits
-- for something else than time: for calls, a reading or a person, and each of these wakes the workers. What is paused
-- waits for a person, and what nobody answers, until it is tried again.
select least(
  (select min(due_at) from inbox
    where done_at is null
      and coalesce(account_id, 0) <> all (array(
            select s.account_id from pauses s where s.direction = 'intake' and s.ended_at is null
            union all
            select k.account_id from breakers k where k.direction = 'in' and k.retry_at > $1))),
  (select min(p.due_at) from pushes p
    where p.account_id = any($2::bigint[]) and p.state in ('waiting', 'unknown')
      and p.call in ('place', 'commit', 'release', 'cancel')
      and (p.call <> 'release' or p.state = 'unknown' or p.due_at > $1)
      and not exists (select from pauses s
                       where s.account_id = p.account_id and s.direction = 'pushes' and s.ended_at is null)
      and not exists (select from breakers k
                       where k.account_id = p.account_id and k.retry_at > $1
                         and k.direction = case p.state when 'unknown' then 'in' else 'out' end)),
  (select min(retry_at) from breakers where retry_at > $1 and account_id = any($3::bigint[])),
  (select min(d.at) from accounts a
     cross join lateral (
       select min(r.due_at) as at from readings r
        where r.account_id = a.id and (r.lease_until is null or r.lease_until < clock_timestamp())
       union all
       select c.next_due_at from cursors c where c.account_id = a.id and c.task = 'audit') d
    where a.active and a.mode <> 'paused' and a.id = any($3::bigint[])
      and not exists (select from pauses s
                       where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
      and not exists (select from breakers k
                       where k.account_id = a.id and k.direction = 'in' and k.retry_at > $1)),
  (select min(due_at) from probes
    where (lease_until is null or lease_until < clock_timestamp())
      and not exists (select from pauses s join listings l on l.account_id = s.account_id
                       where l.id = probes.listing_id and s.direction = 'intake' and s.ended_at is null)
      and not exists (select from breakers k join listings l on l.account_id = k.account_id
                       where l.id = probes.listing_id and k.direction = 'in' and k.retry_at > $1)),
  -- the deadlines of guests' holds, and of ours; how a call about one of these ends, is heard of otherwise
  (select min(held_until) from bookings
    where status in ('held', 'pending') and read_at < held_until and account_id is not null),
  (select min(expires_at) from blocks b
    where closed_at is null and state = 'held'
      and not exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown')))
    + $6::interval,
  (select min(at) from (
    select c.auto_at as at from conflicts c where c.closed_at is null and c.venue_id = any($4::bigint[])
    union all
    select (select upper(b.during) from bookings b where b.id = c.booking_id) from conflicts c
     where c.closed_at is null and (c.venue_id is null or c.venue_id = any($4::bigint[]))
    union all
    select (select case when count(*) = count(p.settled_at) then max(p.settled_at) + $5::interval end
              from jsonb_array_elements_text(c.decision -> 'pushes') n join pushes p on p.id = n::bigint)
      from conflicts c
     where c.closed_at is null and c.decision is not null and c.venue_id = any($4::bigint[])
       and not exists (
         select from jsonb_array_elements_text(c.decision -> 'cancels') n join bookings b on b.id = n::bigint
           join inbox i on i.account_id = b.account_id and i.ref = b.external_id and i.done_at is null)) told)
) as at
