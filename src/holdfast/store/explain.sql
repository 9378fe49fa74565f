-- shops --
-- How the accounts of these listings stand, and when they are read next.
select l.id, a.name as account, a.mode, a.braked_at is not null as braked,
       array(select s.direction from pauses s where s.account_id = a.id and s.ended_at is null) as paused,
       w.read_at, w.read_until,
       coalesce((select min(r.due_at) from readings r
                   where r.account_id = a.id and r.task = 'offers' and r.listing_id = l.id and r.during && $2),
                 o.next_due_at) as offers_due,
       coalesce((select min(r.due_at) from readings r where r.account_id = a.id and r.task = 'bookings'),
                 b.next_due_at) as bookings_due,
       (select min(p.due_at) from probes p where p.listing_id = l.id and p.during && $2) as probe_due
  from listings l
  join accounts a on a.id = l.account_id
  left join cursors o on o.account_id = a.id and o.task = 'offers'
  left join cursors b on b.account_id = a.id and b.task = 'bookings'
  left join lateral (
    -- as far as it was read from the start of $2 on without a gap
    select min(k.read_at) filter (where k.during && $2) as read_at,
           (select upper(part) from unnest(range_agg(k.during)) part where part @> lower($2)) as read_until
      from looks k where k.listing_id = l.id) w on true
 where l.id = any($1::bigint[])

-- offers --
-- What these listings sell and do not sell at that time, as last read.
select listing_id, starts_at, ends_at, open, read_at from offers
 where listing_id = any($1::bigint[]) and starts_at < $3 and ends_at > $2
 order by starts_at, ends_at

-- strangers --
-- Time that is sold no more at a venue although we know nobody there.
select o.listing_id, o.during as span, o.since, o.read_at
  from occupied o join listings l on l.id = o.listing_id
 where l.venue_id = $1 and l.active and o.during && $2
 order by lower(o.during), o.listing_id

-- errands --
-- The call about each block that is not done: under way, waiting, or given up since it last changed.
select distinct on (p.block_id) p.block_id, p.call, p.state, p.attempts, p.due_at, p.error
  from pushes p join blocks k on k.id = p.block_id
 where p.block_id = any($1::bigint[])
   and (p.state in ('waiting', 'shadow', 'in_flight', 'unknown')
        or p.state = 'dead' and p.settled_at >= k.updated_at)
 order by p.block_id, p.state in ('in_flight', 'unknown') desc, p.state in ('waiting', 'shadow') desc, p.id desc

-- conflicts --
-- Which of these bookings wait for a person.
select booking_id, min(opened_at) as since from conflicts
 where closed_at is null and booking_id = any($1::bigint[]) group by 1
