-- What the list of venues and one venue's calendar read beside the day itself. Nothing here writes.

-- by_name --
-- one that is in use
select id, name, timezone from venues where active and name = $1

-- names --
-- by name, those behind $2; of $1 only, for a person who is limited to venues
select id, name, timezone from venues
where active and ($1::text[] is null or name = any($1)) and ($2::text is null or name > $2)
order by name
limit $3

-- page --
-- the venues $1, each with the figures of its own today, which begins at $2 and ends at $3; what a person should
-- settle counts whenever it is. The days are told: only Python reckons with zones.
select v.id, v.name, v.timezone, today.booked, today.held,
       (select count(*) from conflicts c where c.venue_id = v.id and c.closed_at is null) as conflicts,
       (select count(distinct x.booking_id) from exposures x join listings l on l.id = x.listing_id
        where l.venue_id = v.id and x.ended_at is null and x.why is distinct from 'beyond_horizon') as exposed,
       (select count(*) from units u where u.venue_id = v.id and u.active) as units
from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) day (venue, starts, ends)
join venues v on v.id = day.venue
cross join lateral (
  select count(*) filter (where b.status not in ('held', 'pending')) as booked,
         count(*) filter (where b.status in ('held', 'pending')) as held
  from bookings b
  where int8range(b.venue_id, b.venue_id, '[]') && int8range(v.id, v.id, '[]') and b.venue_id = v.id
    and b.during && tstzrange(day.starts, day.ends)
    and b.status not in ('cancelled', 'declined', 'expired')) today
order by v.name

-- unitless --
-- listings that sell nothing of the venue: whatever is booked on them gets no unit
select l.name from listings l
where l.venue_id = $1 and l.active
  and not exists (select from listing_units m join units u on u.id = m.unit_id and u.active where m.listing_id = l.id)
order by l.name
limit 20

-- unmapped --
-- bookings whose listing, and so whose venue, nobody knows
select c.id as conflict, b.id as booking, a.name as account, lower(b.during) as starts_at
from conflicts c
join bookings b on b.id = c.booking_id
left join accounts a on a.id = b.account_id
where c.closed_at is null and c.venue_id is null
order by c.id desc
limit 20

-- modes --
-- whether what a listing is told is sent at all
select l.name, case when a.mode = 'live' and s.id is not null then 'paused' else a.mode end as mode
from listings l
join accounts a on a.id = l.account_id
left join pauses s on s.account_id = a.id and s.direction = 'pushes' and s.ended_at is null
where l.venue_id = $1 and l.active

-- accounts --
-- on which a venue is sold
select distinct a.name from accounts a join listings l on l.account_id = a.id
where l.venue_id = $1 and l.active and a.active
order by a.name
