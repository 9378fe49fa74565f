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

-- standing --
-- Blocks of ours that are still wanted on listings that are leaving, and are to be given back: with their venue or account
-- all of them, else those that are not placed yet or have no booking behind them any more.
select k.venue_id, k.during
  from listings l
  join venues v on v.id = l.venue_id
  join accounts a on a.id = l.account_id
  join blocks k on k.venue_id = l.venue_id and k.listing_id = l.id
 where l.left_at is null and not (l.active and v.active and a.active)
   and k.closed_at is null and k.wants <> 'nothing' and upper(k.during) > $1
   and (not v.active or not a.active or k.state = 'absent'
        or not exists (select from bookings b where b.id = any(k.because) and b.status = any($2::text[])))
 order by k.venue_id, lower(k.during)
 limit 200

-- unread --
-- Guests' bookings on what is leaving, whose lists are not read any more: each is read by its id now and then until it is
-- over. A quarter of an account's reads may go into that. Bookings that wait to be read are left out.
with theirs as (
  select b.account_id, b.external_id, b.read_at,
         make_interval(secs => greatest(a.poll_seconds, 60.0, 240.0 * count(*) over (partition by a.id) / a.reads_per_minute)) as every
    from listings l
    join venues v on v.id = l.venue_id
    join accounts a on a.id = l.account_id
    join bookings b on int8range(b.venue_id, b.venue_id, '[]') && int8range(l.venue_id, l.venue_id, '[]')
                   and b.during && tstzrange($1, null) and b.listing_id = l.id and b.account_id = l.account_id
   where l.left_at is null and not (l.active and v.active and a.active) and a.mode <> 'paused'
     and b.status = any($2::text[]))
select account_id, external_id from theirs t
 where read_at <= $1 - every
   and not exists (select from inbox i where i.account_id = t.account_id and i.ref = t.external_id and i.done_at is null)
 order by read_at
 limit 20

-- depart_listings --
-- Nothing of it is left: no guest's booking to come, no block of ours, no call.
update listings l set left_at = $1
  from venues v, accounts a
 where v.id = l.venue_id and a.id = l.account_id and l.left_at is null and not (l.active and v.active and a.active)
   and not exists (
     select from bookings b
      where int8range(b.venue_id, b.venue_id, '[]') && int8range(l.venue_id, l.venue_id, '[]')
        and b.during && tstzrange($1, null) and b.listing_id = l.id and b.status = any($2::text[]))
   and not exists (
     select from blocks k
      where k.venue_id = l.venue_id and k.closed_at is null and k.listing_id = l.id and upper(k.during) > $1
        and (k.state <> 'absent' or k.wants <> 'nothing'))
   and not exists (
     select from pushes p
       left join blocks pk on pk.id = p.block_id
       left join bookings pb on pb.id = p.booking_id
      where p.account_id = l.account_id and p.state in ('waiting', 'in_flight', 'unknown')
        and coalesce(pk.listing_id, pb.listing_id) = l.id)
returning 'listing' as noun, l.name

-- depart_units --
-- Nobody sits there any more, and nothing that is not gone sells it.
update units u set left_at = $1
 where not u.active and u.left_at is null
   and not exists (select from allocations x where x.unit_id = u.id and upper(x.during) > $1)
   and not exists (
     select from bookings b
      where int8range(b.venue_id, b.venue_id, '[]') && int8range(u.venue_id, u.venue_id, '[]')
        and b.during && tstzrange($1, null) and u.id = any(b.unit_ids) and b.status = any($2::text[]))
   and not exists (
     select from listing_units m join listings l on l.id = m.listing_id
      where m.unit_id = u.id and l.left_at is null)
returning 'unit' as noun, u.name

-- depart_venues --
-- All that it has is gone, and no booking is made at it that is still to come.
update venues v set left_at = $1
 where not v.active and v.left_at is null
   and not exists (select from listings l where l.venue_id = v.id and l.left_at is null)
   and not exists (select from units u where u.venue_id = v.id and u.left_at is null)
   and not exists (
     select from bookings b
      where int8range(b.venue_id, b.venue_id, '[]') && int8range(v.id, v.id, '[]')
        and b.during && tstzrange($1, null) and b.venue_id = v.id and b.status = any($2::text[]))
returning 'venue' as noun, v.name

-- depart_accounts --
-- Nothing that it sold is left.
update accounts a set left_at = $1
 where not a.active and a.left_at is null
   and not exists (select from listings l where l.account_id = a.id and l.left_at is null)
returning 'account' as noun, a.name

-- leaving --
-- What is leaving, each thing that does not leave with another: blocks to release and blocks that stay for their bookings,
-- bookings to wait for, and how long.
with parts as (
  select l.id, l.venue_id,
         case when not v.active then 'venue' when not a.active then 'account' else 'listing' end as noun,
         case when not v.active then v.name when not a.active then a.name else l.name end as name
    from listings l join venues v on v.id = l.venue_id join accounts a on a.id = l.account_id
   where l.left_at is null and not (l.active and v.active and a.active)),
things as (
  select noun, name, array_agg(id) as listing_ids from parts group by noun, name
  union
  select 'venue', v.name, '{}' from venues v
   where not v.active and v.left_at is null and not exists (select from parts p where p.noun = 'venue' and p.name = v.name))
select t.noun, t.name,
       k.to_release, k.kept, count(b.id) as bookings, max(upper(b.during)) as until
  from things t
 cross join lateral (
   select count(*) filter (where wants = 'nothing' or t.noun <> 'listing') as to_release,
          count(*) filter (where wants <> 'nothing' and t.noun = 'listing') as kept
     from blocks
    where listing_id = any(t.listing_ids) and closed_at is null and state <> 'absent' and upper(during) > $1) k
  left join bookings b on b.status = any($2::text[]) and upper(b.during) > $1
       and (b.listing_id = any(t.listing_ids)
            or (t.noun = 'venue' and b.listing_id is null and b.venue_id = (select id from venues where name = t.name)))
 group by t.noun, t.name, k.to_release, k.kept
 order by t.noun desc, t.name
