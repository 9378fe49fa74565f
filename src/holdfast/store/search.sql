-- What is found by what somebody types. Nothing here reads a guest.

-- numbered --
-- what has this number of ours; $2 are the venues that whoever asks may see, and pages about events and pushes
-- are not for whoever is limited to some
select 'booking' as kind, b.id, b.external_id as name, v.name as venue, coalesce(a.name, b.channel) as told_by
from bookings b
left join venues v on v.id = b.venue_id
left join accounts a on a.id = b.account_id
where b.id = $1 and ($2::text[] is null or v.name = any($2))
union all
select 'event', i.id, coalesce(i.ref, i.raw_type), null, a.name
from inbox i left join accounts a on a.id = i.account_id
where i.id = $1 and $2 is null
union all
select 'push', p.id, p.call, v.name, a.name
from pushes p join venues v on v.id = p.venue_id join accounts a on a.id = p.account_id
where p.id = $1 and $2 is null

-- referenced --
-- what a provider calls so: by account, because that is how references are indexed. A block leads to the
-- bookings that it stands for; what stood there last is known by its reference, too.
select 'booking' as kind, b.id, b.external_id as name, v.name as venue, a.name as told_by
from accounts a
join bookings b on b.account_id = a.id and b.external_id = $1::text
left join venues v on v.id = b.venue_id
where ($2::text[] is null or v.name = any($2))
union all
select 'booking', b.id, b.external_id, v.name, b.channel
from bookings b left join venues v on v.id = b.venue_id
where b.account_id is null and b.external_id = $1 and ($2 is null or v.name = any($2))
union all
(select 'block', n.booking_id, $1, v.name, l.name
 from (select k.venue_id, k.listing_id, k.because
       from accounts a join blocks k on k.account_id = a.id and k.external_id = $1
       union
       select k.venue_id, k.listing_id, k.because
       from accounts a join blocks k on k.account_id = a.id and k.last_ref = $1) k
 join venues v on v.id = k.venue_id
 join listings l on l.id = k.listing_id
 left join unnest(k.because) n(booking_id) on true
 where ($2 is null or v.name = any($2)))
order by kind, id
limit $3

-- named --
-- what holdfast.toml names so, or so at its beginning: that is little, and is read whole
select *
from (select 'venue' as kind, null::bigint as id, v.name, v.name as venue, null as told_by
      from venues v where v.active
      union all
      select 'unit', null, u.name, v.name, null
      from units u join venues v on v.id = u.venue_id where u.active and v.active
      union all
      select 'listing', null, l.name, v.name, a.name
      from listings l join venues v on v.id = l.venue_id join accounts a on a.id = l.account_id
      where l.active and v.active
      union all
      select 'account', null, a.name, null, a.channel
      from accounts a where a.active and $2::text[] is null) n
where starts_with(lower(n.name), lower($1::text)) and ($2::text[] is null or n.venue = any($2))
order by lower(n.name) = lower($1) desc, n.kind, n.name, n.venue
limit $3
