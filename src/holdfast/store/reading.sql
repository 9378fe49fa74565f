-- What screens, API and metrics read. Nothing here writes; instants come in as arguments, apart from
-- leases, which run on the database's clock.

-- bookings_page --
-- newest first: an id never moves, so that paging neither repeats nor skips a booking; $7 are the venues that
-- whoever asks may see
select b.id, v.name as venue, l.name as listing, a.name as account, b.channel, b.external_id, b.status,
       b.raw_status, b.payment, lower(b.during) as starts_at, upper(b.during) as ends_at, b.party_size,
       array(select u.name from allocations g join units u on u.id = g.unit_id
             where g.booking_id = b.id order by u.name) as units,
       exists (select from conflicts c where c.booking_id = b.id and c.closed_at is null) as conflict,
       b.version, b.first_seen_at, b.read_at, b.created_at, b.updated_at
from bookings b
left join venues v on v.id = b.venue_id
left join listings l on l.id = b.listing_id
left join accounts a on a.id = b.account_id
where ($1::text is null or v.name = $1)
  and (($2::timestamptz is null and $3::timestamptz is null) or b.during && tstzrange($2, $3))
  and ($4::text[] is null or b.status = any($4))
  and ($5::bigint is null or b.id < $5)
  and ($7::text[] is null or v.name = any($7))
order by b.id desc
limit $6

-- bookings_within --
-- the same of a stretch [$2, $3) with both ends, by the index over venue and time: without a venue its range has no
-- ends, and is every venue's
with found as materialized (
  select * from bookings b
  where b.during && tstzrange($2::timestamptz, $3::timestamptz)
    and int8range(b.venue_id, b.venue_id, '[]')
        && (select int8range(max(p.id), max(p.id), '[]') from venues p where p.name = $1)
    and ($4::text[] is null or b.status = any($4))
    and ($5::bigint is null or b.id < $5))
select b.id, v.name as venue, l.name as listing, a.name as account, b.channel, b.external_id, b.status,
       b.raw_status, b.payment, lower(b.during) as starts_at, upper(b.during) as ends_at, b.party_size,
       array(select u.name from allocations g join units u on u.id = g.unit_id
             where g.booking_id = b.id order by u.name) as units,
       exists (select from conflicts c where c.booking_id = b.id and c.closed_at is null) as conflict,
       b.version, b.first_seen_at, b.read_at, b.created_at, b.updated_at
from found b
left join venues v on v.id = b.venue_id
left join listings l on l.id = b.listing_id
left join accounts a on a.id = b.account_id
where ($1::text is null or v.name = $1)
  and ($7::text[] is null or v.name = any($7))
order by b.id desc
limit $6

-- bookings_by_id --
-- the same columns, for the bookings asked for
select b.id, v.name as venue, l.name as listing, a.name as account, b.channel, b.external_id, b.status,
       b.raw_status, b.payment, lower(b.during) as starts_at, upper(b.during) as ends_at, b.party_size,
       array(select u.name from allocations g join units u on u.id = g.unit_id
             where g.booking_id = b.id order by u.name) as units,
       exists (select from conflicts c where c.booking_id = b.id and c.closed_at is null) as conflict,
       b.version, b.first_seen_at, b.read_at, b.created_at, b.updated_at
from bookings b
left join venues v on v.id = b.venue_id
left join listings l on l.id = b.listing_id
left join accounts a on a.id = b.account_id
where b.id = any($1::bigint[])
order by b.id

-- guest --
-- one booking's guest; callers mask it
select name, email, phone from guests where booking_id = $1

-- journal_of_booking --
-- everything that was decided about one booking, oldest first
select seq, at, kind, actor, data from journal
where booking_id = $1
order by venue_id, seq
limit $2

-- blocks_page --
-- ours, newest first; those that are over only when asked for
select k.id, v.name as venue, l.name as listing, a.name as account, lower(k.during) as starts_at,
       upper(k.during) as ends_at, k.wants, k.state, k.external_id, k.expires_at, k.because
from blocks k
join venues v on v.id = k.venue_id
join listings l on l.id = k.listing_id
join accounts a on a.id = k.account_id
where ($1::text is null or v.name = $1)
  and k.during && tstzrange($2, $3)
  and (k.closed_at is null or $4::boolean)
  and ($5::bigint is null or k.id < $5)
  and ($7::text[] is null or v.name = any($7))
order by k.id desc
limit $6

-- conflicts_page --
-- newest first; the settled ones only when asked for
select c.id, v.name as venue, v.timezone, c.kind, c.booking_id, c.block_id, c.against_ids,
       array(select u.name from units u where u.id = any(c.unit_ids) order by u.name) as units,
       coalesce((select lower(b.during) from bookings b where b.id = c.booking_id),
                (select lower(k.during) from blocks k where k.id = c.block_id)) as starts_at,
       c.opened_at, c.closed_at, c.resolution, c.snoozed_until, c.auto_at,
       c.decision ->> 'act' as decided, c.decision ->> 'actor' as decided_by, c.decided_at
from conflicts c
left join venues v on v.id = c.venue_id
where ($1::text is null or v.name = $1)
  and (c.closed_at is null or $2::boolean)
  and ($3::bigint is null or c.id < $3)
  and ($5::text[] is null or v.name = any($5))
order by c.id desc
limit $4

-- open_conflicts --
-- how many there are; of the venues $1 only, null: all
select count(*) from conflicts c
 where c.closed_at is null
   and ($1::text[] is null or c.venue_id in (select v.id from venues v where v.name = any($1)))

-- conflicts_settled --
-- newest first
select c.id, v.name as venue, v.timezone, c.kind, c.booking_id, c.block_id, c.against_ids,
       array(select u.name from units u where u.id = any(c.unit_ids) order by u.name) as units,
       coalesce((select lower(b.during) from bookings b where b.id = c.booking_id),
                (select lower(k.during) from blocks k where k.id = c.block_id)) as starts_at,
       c.opened_at, c.closed_at, c.resolution, c.snoozed_until, c.auto_at,
       c.decision ->> 'act' as decided, c.decision ->> 'actor' as decided_by, c.decided_at
from conflicts c
left join venues v on v.id = c.venue_id
where c.closed_at is not null and ($1::bigint is null or c.id < $1)
  and ($3::text[] is null or v.name = any($3))
order by c.id desc
limit $2

-- conflict --
-- one, with how it arose and what was decided
select c.id, v.name as venue, v.timezone, c.kind, c.booking_id, c.block_id, c.against_ids,
       array(select u.name from units u where u.id = any(c.unit_ids) order by u.name) as units,
       coalesce((select lower(b.during) from bookings b where b.id = c.booking_id),
                (select lower(k.during) from blocks k where k.id = c.block_id)) as starts_at,
       c.opened_at, c.closed_at, c.resolution, c.snoozed_until, c.auto_at,
       c.decision ->> 'act' as decided, c.decision ->> 'actor' as decided_by, c.decided_at,
       c.decision ->> 'reason' as reason, c.evidence::text as evidence
from conflicts c
left join venues v on v.id = c.venue_id
where c.id = $1

-- accounts --
-- what came in and went out since $1, what waits now, and what we hold there; dead ones since $2;
-- who answers nobody, as long as somebody asked since $3
select a.name, a.channel, a.mode, a.last_webhook_at,
       c.last_complete_at as polled_at, coalesce(c.failures, 0) as poll_failures,
       recent.webhooks, recent.polled, open_events.unprocessed, open_events.oldest_unprocessed_at,
       sent.done, given_up.dead, queued.waiting, queued.shadow, queued.oldest_waiting_at,
       live.blocks, live.soonest_expiry_at,
       a.braked_at, a.brake->>'reason' as brake_reason, (a.brake->>'gone')::int as brake_gone,
       (a.brake->>'live')::int as brake_live,
       held_in.id as intake_pause, held_in.began_at as intake_paused_at, held_in.actor as intake_paused_by,
       held_out.id as pushes_pause, held_out.began_at as pushes_paused_at, held_out.actor as pushes_paused_by,
       shut_in.opened_at as in_open_at, shut_in.retry_at as in_retry_at, shut_in.reason as in_failure,
       shut_out.opened_at as out_open_at, shut_out.retry_at as out_retry_at, shut_out.reason as out_failure
from accounts a
left join cursors c on c.account_id = a.id and c.task = 'bookings'
left join pauses held_in on held_in.account_id = a.id and held_in.direction = 'intake' and held_in.ended_at is null
left join pauses held_out on held_out.account_id = a.id and held_out.direction = 'pushes' and held_out.ended_at is null
left join breakers shut_in on shut_in.account_id = a.id and shut_in.direction = 'in' and shut_in.retry_at > $3
left join breakers shut_out on shut_out.account_id = a.id and shut_out.direction = 'out' and shut_out.retry_at > $3
cross join lateral (
  select count(*) filter (where i.via = 'webhook') as webhooks,
         count(*) filter (where i.via = 'poll') as polled
  from inbox i where i.account_id = a.id and i.received_at > $1::timestamptz) recent
cross join lateral (
  select count(*) as unprocessed, min(i.received_at) as oldest_unprocessed_at
  from inbox i where i.account_id = a.id and i.done_at is null) open_events
cross join lateral (
  select count(*) as done
  from pushes p where p.account_id = a.id and p.settled_at > $1 and p.state = 'done') sent
cross join lateral (
  select count(*) as dead
  from pushes p
  where p.account_id = a.id and p.settled_at > $2::timestamptz and p.state = 'dead'
    and p.outcome is distinct from 'dropped') given_up
cross join lateral (
  select count(*) filter (where p.state <> 'shadow') as waiting,
         count(*) filter (where p.state = 'shadow') as shadow,
         min(p.wished_at) filter (where p.state <> 'shadow') as oldest_waiting_at
  from pushes p
  where p.account_id = a.id and p.state in ('waiting', 'in_flight', 'unknown', 'shadow')) queued
cross join lateral (
  select count(*) as blocks, min(k.expires_at) filter (where k.state = 'held') as soonest_expiry_at
  from blocks k
  where k.account_id = a.id and k.closed_at is null and k.state in ('held', 'booked')) live
where a.active
order by a.channel, a.name

-- exposures --
-- offers starting within [$1, $4) that are open although their time is taken by another listing's
-- booking. A pool is exposed once none of its units is free for the whole of the offer.
with wanted as materialized (
  -- each listing with its longest offer: how far before taken time one may start that reaches into it; behind its
  -- latest nothing is sold, whatever is booked there
  select l.*, reach.longest, reach.latest,
         (select count(*) from listing_units m where m.listing_id = l.id) as size
  from (
    select l.id, l.name, l.takes, v.name as venue, a.name as account, a.channel, a.mode
    from listings l
    join venues v on v.id = l.venue_id
    join accounts a on a.id = l.account_id
    where l.active and a.active and ($2::text is null or v.name = $2) and ($3::text is null or l.name = $3)
    offset 0) l
  cross join lateral (select max(o.ends_at - o.starts_at) as longest, max(o.ends_at) as latest from offers o
                      where o.listing_id = l.id and o.open and o.starts_at >= $1::timestamptz
                        and o.starts_at < coalesce($4::timestamptz, 'infinity')) reach
  where reach.longest is not null
), sold as materialized (
  -- the units concerned, until when anybody sells them; the day to either side is for setup and cleanup
  select u.id, u.venue_id, u.setup_minutes, u.cleanup_minutes,
         tstzrange($1 - interval '1 day', max(w.latest) + interval '1 day') as during
  from wanted w join listing_units m on m.listing_id = w.id join units u on u.id = m.unit_id
  group by u.id
), taken as materialized (
  -- what was granted, and beside it the setup and cleanup of whoever would come next; looked up unit by unit
  select s.id as unit_id, tstzrange(lower(g.during) - make_interval(mins => s.cleanup_minutes),
                                    upper(g.during) + make_interval(mins => s.setup_minutes)) as during,
         b.id as booking_id, b.listing_id
  from sold s
  cross join lateral (
    select g.booking_id, g.during from allocations g
    where int8range(g.unit_id, g.unit_id, '[]') && int8range(s.id, s.id, '[]') and g.unit_id = s.id
      and g.during && s.during
    offset 0) g
  join bookings b on b.id = g.booking_id
  where b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
  union all
  -- and what an occupying booking asked for in vain: it is a fact all the same
  select s.id, tstzrange(lower(b.during) - make_interval(mins => s.setup_minutes + s.cleanup_minutes),
                         upper(b.during) + make_interval(mins => s.setup_minutes + s.cleanup_minutes)),
         b.id, b.listing_id
  from (select s.venue_id, tstzrange(min(lower(s.during)), max(upper(s.during))) as during from sold s group by 1) h
  cross join lateral (
    select b.id, b.listing_id, b.unit_ids, b.during from bookings b
    where int8range(b.venue_id, b.venue_id, '[]') && int8range(h.venue_id, h.venue_id, '[]')
      and b.venue_id = h.venue_id and b.during && h.during
      and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
      and not exists (select from allocations g where g.booking_id = b.id)
    offset 0) b
  left join listings l on l.id = b.listing_id and l.takes = 'all'
  left join listing_units m on m.listing_id = l.id
  join sold s on s.id = m.unit_id or s.id = any(b.unit_ids)
), asked as materialized (
  -- who might sell that time; materialized, as what is taken: no plan, made for whatever filter, may look twice
  select w.id as listing_id, w.longest, t.unit_id, t.booking_id, t.during,
         t.listing_id is distinct from w.id as elsewhere
  from taken t
  join listing_units m on m.unit_id = t.unit_id
  join wanted w on w.id = m.listing_id
), touched as (
  -- offset 0 keeps the lookup by index, once for each taken span of each listing
  select a.listing_id, o.starts_at, o.ends_at, o.read_at, a.unit_id, a.booking_id, a.elsewhere
  from asked a
  cross join lateral (
    select o.starts_at, o.ends_at, o.read_at from offers o
    where o.listing_id = a.listing_id and o.open and o.starts_at >= $1
      and o.starts_at > lower(a.during) - a.longest and o.starts_at < upper(a.during)
      and o.ends_at > lower(a.during) and o.starts_at < coalesce($4, 'infinity')
    offset 0) o
)
select w.name as listing, w.venue, w.account, w.channel, w.mode, o.starts_at, o.ends_at, o.read_at,
       array_agg(distinct o.booking_id order by o.booking_id) filter (where o.elsewhere) as because,
       array_agg(distinct u.name order by u.name) filter (where o.elsewhere) as units
from touched o
join wanted w on w.id = o.listing_id
join units u on u.id = o.unit_id
group by w.id, w.name, w.takes, w.size, w.venue, w.account, w.channel, w.mode, o.starts_at, o.ends_at, o.read_at
having bool_or(o.elsewhere) and (w.takes = 'all' or count(distinct o.unit_id) = w.size)
order by o.starts_at, o.ends_at, w.name

-- listing_exists --
-- tells "nothing exposed" from "no such listing"
select exists (select from listings l join venues v on v.id = l.venue_id
               where l.name = $1 and ($2::text[] is null or v.name = any($2)))

-- venues --
-- the venues that are in use
select id, name, timezone from venues where active order by name limit $1

-- units_of_venue --
-- rows of the day, each with the listings that sell it
select u.id, u.name, u.seats,
       array(select l.name from listing_units m join listings l on l.id = m.listing_id
             where m.unit_id = u.id and l.active order by l.name) as listings
from units u
where u.venue_id = $1 and u.active
order by u.name

-- day_bookings --
-- bookings that touch [$2, $3); `asked` are the units wanted, where the listing says which.
-- Of those that are off (cancelled and the like) $5, after the first $4: a room may be booked and cancelled all day.
select b.id, b.channel, l.name as listing, a.name as account, b.external_id, b.status, b.raw_status, b.payment,
       lower(b.during) as starts_at, upper(b.during) as ends_at, b.party_size, b.held_until,
       b.unit_ids || array(select m.unit_id from listing_units m
                           where m.listing_id = l.id and l.takes = 'all'
                           order by m.position) as asked,
       exists (select from conflicts c where c.booking_id = b.id and c.closed_at is null) as conflict
from bookings b
left join listings l on l.id = b.listing_id
left join accounts a on a.id = b.account_id
where int8range(b.venue_id, b.venue_id, '[]') && int8range($1::bigint, $1, '[]') and b.venue_id = $1
  and b.during && tstzrange($2, $3)
  and (b.status not in ('cancelled', 'declined', 'expired')
       or b.id = any(array(
            select o.id from bookings o
            where int8range(o.venue_id, o.venue_id, '[]') && int8range($1::bigint, $1, '[]') and o.venue_id = $1
              and o.during && tstzrange($2, $3) and o.status in ('cancelled', 'declined', 'expired')
            order by lower(o.during), o.id
            offset $4::int limit $5::int)))
order by lower(b.during), b.id

-- allocations_of_bookings --
-- the units granted, setup and cleanup included
select booking_id, unit_id, lower(during) as starts_at, upper(during) as ends_at
from allocations
where booking_id = any($1::bigint[])
order by unit_id

-- day_blocks --
-- our live blocks that touch [$2, $3), with the call under way or waiting for each. Of a pool's block, the
-- unit that it stands for: the one at its lane's place; none for a lane beyond the last unit.
-- The coalesce is the expression of the unique indexes on pushes.
select k.id, l.name as listing, a.name as account, a.channel,
       case when a.mode = 'live' and s.id is not null then 'paused' else a.mode end as mode,
       lower(k.during) as starts_at, upper(k.during) as ends_at, k.wants, k.state, k.expires_at, k.because,
       m.unit_id, coalesce(flying.state, resting.state) as push,
       coalesce(flying.attempts, resting.attempts, 0) as attempts
from blocks k
join listings l on l.id = k.listing_id
join accounts a on a.id = k.account_id
left join pauses s on s.account_id = a.id and s.direction = 'pushes' and s.ended_at is null
left join listing_units m on m.listing_id = k.listing_id and l.takes = 'one' and m.position = k.lane
left join pushes flying on coalesce(flying.block_id, 0) = k.id and coalesce(flying.booking_id, 0) = 0
                       and flying.state in ('in_flight', 'unknown')
left join pushes resting on coalesce(resting.block_id, 0) = k.id and coalesce(resting.booking_id, 0) = 0
                        and resting.state in ('waiting', 'shadow')
where k.venue_id = $1 and k.closed_at is null and k.during && tstzrange($2, $3)
order by lower(k.during), k.id

-- last_beat --
-- when any worker was last heard of
select max(beat_at) from workers

-- inbox_tally --
-- what is not processed yet; an observation without an account is our own
select coalesce(a.channel, 'direct') as channel,
       case when i.lease_until > now() then 'processing'
            when s.id is not null then 'paused'
            when i.attempts > 0 then 'retrying'
            else 'pending' end as state,
       count(*) as amount, min(i.received_at) as since
from inbox i
left join accounts a on a.id = i.account_id
left join pauses s on s.account_id = a.id and s.direction = 'intake' and s.ended_at is null
where i.done_at is null
group by 1, 2

-- push_tally --
-- what is not settled yet
select a.channel as target, p.call,
       case when p.state = 'in_flight' then 'sending'
            when p.state = 'shadow' then p.state
            when a.mode = 'paused' or s.id is not null then 'paused'
            when p.state = 'unknown' then p.state
            when p.attempts > 0 then 'retrying'
            else 'queued' end as state,
       count(*) as amount, min(p.wished_at) as since
from pushes p
join accounts a on a.id = p.account_id
left join pauses s on s.account_id = a.id and s.direction = 'pushes' and s.ended_at is null
where p.state in ('waiting', 'in_flight', 'unknown', 'shadow')
group by 1, 2, 3

-- block_tally --
-- what is there now at the channels; expiring: under a minute from $1
select a.channel,
       case when k.wants = 'nothing' then 'releasing'
            when k.state = 'booked' then 'booked'
            when k.expires_at < $1::timestamptz + interval '60 seconds' then 'expiring'
            else 'held' end as state,
       count(*) as amount, min(k.expires_at) filter (where k.state = 'held') as since
from blocks k
join accounts a on a.id = k.account_id
where k.closed_at is null and k.state in ('held', 'booked')
group by 1, 2

-- conflict_tally --
-- what a person must settle, and how long that has waited; what rests until later than $1 does not wait
select kind, count(*) as amount,
       min(opened_at) filter (where snoozed_until is null or snoozed_until <= $1) as since
from conflicts where closed_at is null group by 1

-- account_tally --
-- how accounts stand
select channel, mode, count(*) as amount, count(braked_at) as braked, max(last_webhook_at) as heard_at
from accounts where active group by 1, 2

-- dead_tally --
-- what was given up since $1, and nothing was tried since for the same block
select a.channel, count(*) as amount
from accounts a
join pushes p on p.account_id = a.id and p.settled_at > $1 and p.state = 'dead'
where a.active and not exists (
  select from pushes n where n.block_id = p.block_id and n.id > p.id)
group by 1

-- poll_tally --
-- of the accounts that poll now, the one longest without a complete poll; one that never had any
-- counts from when it was made. Whom a person has paused does not poll now
select a.channel, min(coalesce(c.last_complete_at, a.created_at)) as since
from accounts a
left join cursors c on c.account_id = a.id and c.task = 'bookings'
where a.active and a.mode <> 'paused'
  and not exists (select from pauses s
                   where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
group by 1

-- pause_tally --
-- what people hold back
select a.channel, s.direction, count(*) as amount
from pauses s
join accounts a on a.id = s.account_id
where s.ended_at is null and a.active
group by 1, 2

-- breaker_tally --
-- who answers nobody, as long as somebody asked since $1
select a.channel, b.direction, count(*) as amount
from breakers b
join accounts a on a.id = b.account_id
where b.retry_at > $1 and a.active
group by 1, 2

-- audited_tally --
-- the same of complete audits
select a.channel, min(coalesce(c.last_complete_at, a.created_at)) as since
from accounts a
left join cursors c on c.account_id = a.id and c.task = 'audit'
where a.active and a.mode <> 'paused'
  and not exists (select from pauses s
                   where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null)
group by 1

-- audit_tally --
-- what the last audit of each account and venue left; the index gives the last one of each pair
select a.channel, f->>'kind' as kind, count(*) as amount
from accounts a
join (select distinct account_id, venue_id from listings where active) s on s.account_id = a.id
cross join lateral (
  select u.findings from audits u
  where u.venue_id = s.venue_id and u.account_id = a.id
  order by u.began_at desc limit 1) last
cross join lateral jsonb_array_elements(last.findings) f
where a.active and (f->>'left')::boolean
group by 1, 2

-- occupied --
-- time that a channel sells no more from $1 on although we know nobody there
select l.name as listing, v.name as venue, a.name as account, a.channel, v.trust_offers as trusted,
       lower(o.during) as starts_at, upper(o.during) as ends_at, o.since, o.read_at,
       array(select u.name from listing_units m join units u on u.id = m.unit_id
             where m.listing_id = l.id order by u.name) as units
from occupied o
join listings l on l.id = o.listing_id
join venues v on v.id = l.venue_id
join accounts a on a.id = l.account_id
where l.active and a.active and upper(o.during) > $1 and ($2::text is null or l.name = $2)
order by lower(o.during), l.name

