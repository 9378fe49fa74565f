-- What is known of where and when something is to be added, so that a slip of the pen is seen before it is done.

-- room --
-- The units of the venue $1 that are named $2, or that its listing $3 sells: their seats, and from when to when channels
-- ever offered them on the day that begins at $4 and ends at $5. What somebody booked at a channel was offered there.
with chosen as (
  select u.id, u.name, u.seats from units u join venues v on v.id = u.venue_id
   where v.name = $1
     and (u.name = any($2::text[])
          or u.id in (select m.unit_id from listing_units m join listings l on l.id = m.listing_id
                       where l.name = $3::text and l.venue_id = v.id))
), sold as (
  select o.starts_at, o.ends_at
    from (select distinct l.id from chosen c join listing_units m on m.unit_id = c.id
            join listings l on l.id = m.listing_id and l.active) l
    join offers o on o.listing_id = l.id and o.starts_at >= $4::timestamptz and o.starts_at < $5::timestamptz
  union all
  select lower(b.during), upper(b.during)
    from chosen c
    join allocations g on int8range(g.unit_id, g.unit_id, '[]') && int8range(c.id, c.id, '[]') and g.unit_id = c.id
                      and g.during && tstzrange($4, $5)
    join bookings b on b.id = g.booking_id and b.account_id is not null
   where lower(b.during) >= $4 and lower(b.during) < $5
)
select array(select name from chosen order by name) as names,
       (select coalesce(sum(seats), 0)::int from chosen) as seats,
       (select min(starts_at) from sold) as opens, (select max(ends_at) from sold) as shuts
