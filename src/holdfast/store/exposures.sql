-- latest --
-- The last episode of each booking and listing.
select distinct on (booking_id, listing_id) id, booking_id, listing_id, during, began_at, ended_at, why
  from exposures where booking_id = any($1::bigint[])
 order by booking_id, listing_id, id desc

-- beginnings --
-- When the time of these bookings was last given back by another one of the same units, and whether their
-- accounts had ever been read completely.
select b.id,
       (select max(r.updated_at) from bookings r
         where int8range(r.venue_id, r.venue_id, '[]') && int8range(b.venue_id, b.venue_id, '[]')
           and r.venue_id = b.venue_id and r.during && b.during and r.id <> b.id
           and r.status in ('cancelled', 'declined', 'expired')
           and (r.unit_ids || array(select unit_id from listing_units where listing_id = r.listing_id))
            && (b.unit_ids || array(select unit_id from listing_units where listing_id = b.listing_id))) as released_at,
       coalesce(b.account_id is null or
                (select c.last_complete_at is not null from cursors c
                  where c.account_id = b.account_id and c.task = 'bookings'), false) as read_before
  from bookings b where b.id = any($1::bigint[])

-- begin --
-- One that is over already has both ends.
insert into exposures (booking_id, listing_id, during, cause, began_at, basis, ended_at, why)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- say_why --
-- Why it is still open.
update exposures set why = $2 where id = $1

-- end --
-- What took so long stays written. Returns where its booking was made.
update exposures set ended_at = greatest(began_at, $2), why = coalesce(why, $3)
 where id = $1 and ended_at is null
returning (select listing_id from bookings where id = booking_id)

-- finish_past --
-- Time that is over can be sold no more.
update exposures e set ended_at = greatest(e.began_at, upper(e.during)), why = coalesce(e.why, 'time_passed')
  from bookings b, listings l, accounts a
 where e.ended_at is null and upper(e.during) <= $1
   and b.id = e.booking_id and l.id = e.listing_id and a.id = l.account_id
returning b.channel as source, a.channel as target, extract(epoch from e.ended_at - e.began_at)::float as seconds

-- of_booking --
-- Everything measured about one booking, oldest first.
select l.name as listing, a.channel, e.cause, e.began_at, e.basis, e.ended_at, e.why
  from exposures e join listings l on l.id = e.listing_id join accounts a on a.id = l.account_id
 where e.booking_id = $1 order by e.id

-- oldest_open --
-- Since when something is sold twice, by channel; accounts that send nothing are not in it.
select a.channel, min(e.began_at) as since
  from exposures e join listings l on l.id = e.listing_id join accounts a on a.id = l.account_id
 where e.ended_at is null and a.mode = 'live' and a.active and l.active
 group by 1

-- lasted --
-- How long each one lasted that began since $1 with the time being taken; of those that go on, until $2.
select extract(epoch from greatest(coalesce(ended_at, $2), began_at) - began_at)::float as seconds,
       basis = 'provider' as told, ended_at is null as goes_on
from exposures
where began_at >= $1 and cause <> 'again'
