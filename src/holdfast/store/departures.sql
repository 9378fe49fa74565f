-- concerned --
-- What is still alive of things that leave the configuration: guests' bookings to come, what we placed, calls to make.
with gone as (
  select g.number, g.noun,
         case g.noun
           when 'listing' then array(select l.id from listings l where l.name = g.name)
           when 'account' then array(select l.id from listings l join accounts a on a.id = l.account_id where a.name = g.name)
           when 'venue' then array(select l.id from listings l join venues v on v.id = l.venue_id where v.name = g.name)
           else '{}' end as listing_ids,
         case g.noun
           when 'unit' then array(select u.id from units u join venues v on v.id = u.venue_id
                                   where u.name = g.name and v.name = g.venue)
           when 'venue' then array(select u.id from units u join venues v on v.id = u.venue_id where v.name = g.name)
           else '{}' end as unit_ids,
         case g.noun when 'account' then (select a.id from accounts a where a.name = g.name) end as account_id
    from jsonb_to_recordset($1::text::jsonb) as g(number int, noun text, name text, venue text))
select g.number,
       (select count(*) from bookings b
         where b.status = any($3::text[]) and upper(b.during) > $2
           and (b.listing_id = any(g.listing_ids) or b.account_id = g.account_id or b.unit_ids && g.unit_ids
                or exists (select from allocations x where x.booking_id = b.id and x.unit_id = any(g.unit_ids)))) as bookings,
       count(k.id) as blocks,
       count(distinct k.channel) as channels,
       (select count(*) from pushes p
          left join blocks pk on pk.id = p.block_id
          left join bookings pb on pb.id = p.booking_id
         where p.state in ('waiting', 'in_flight', 'unknown')
           and coalesce(pk.listing_id, pb.listing_id) = any(g.listing_ids)) as calls
  from gone g
  left join lateral (
    select k.id, a.channel from blocks k join accounts a on a.id = k.account_id
     where k.listing_id = any(g.listing_ids) and k.closed_at is null
       and k.state in ('held', 'booked') and upper(k.during) > $2) k on true
 group by g.number, g.noun, g.listing_ids, g.unit_ids, g.account_id
 order by g.number
