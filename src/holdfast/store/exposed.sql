-- What stands beside the offers that are sellable twice: since when that is measured, why it lasts, and what closes it.

-- episodes --
-- the open exposures of the listings $1 by booking
select l.name as listing, e.booking_id as booking, e.began_at, e.why
  from exposures e join listings l on l.id = e.listing_id
 where e.ended_at is null and l.name = any($1::text[])

-- measured --
-- every exposure that is open at $1, apart from those of which nothing was ever read
select e.booking_id as booking, l.name as listing, v.name as venue, a.name as account, lower(e.during) as starts_at,
       upper(e.during) as ends_at, e.began_at, coalesce(e.why, '') as why
  from exposures e
  join listings l on l.id = e.listing_id and l.active
  join accounts a on a.id = l.account_id and a.active
  join venues v on v.id = l.venue_id
 where e.ended_at is null and upper(e.during) > $1::timestamptz and e.why is distinct from 'beyond_horizon'
   and ($2::text[] is null or v.name = any($2))
 order by lower(e.during), e.id

-- closings --
-- of each block on the listings $1 that is not over at $2, the call under way, or the last one if that was given up
select l.name as listing, lower(k.during) as starts_at, upper(k.during) as ends_at, p.id as push, p.call, p.state,
       p.attempts, p.due_at, case when a.mode = 'live' and s.id is not null then 'paused' else a.mode end as mode
  from listings l
  join accounts a on a.id = l.account_id
  join blocks k on k.listing_id = l.id and k.closed_at is null and upper(k.during) > $2::timestamptz
  cross join lateral (
    select * from pushes p where p.block_id = k.id
     order by p.state in ('in_flight', 'unknown', 'waiting', 'shadow') desc, p.id desc limit 1) p
  left join pauses s on s.account_id = a.id and s.direction = 'pushes' and s.ended_at is null
 where l.name = any($1::text[]) and p.call in ('place', 'commit')
   and (p.state in ('in_flight', 'unknown', 'waiting', 'shadow') or p.state = 'dead' and p.outcome is distinct from 'dropped')
 order by p.state = 'dead', p.due_at, p.id
