-- grid --
-- The offers of a listing that start within a window and that nothing newer than this read speaks of.
select starts_at, ends_at, open from offers
 where listing_id = $1 and starts_at >= $2 and starts_at < $3 and read_at <= $4

-- taken_here --
-- What explains that a listing's account sells some time no more: its own bookings and our blocks, on this
-- listing and on those of the account that share a unit with it, with setup and cleanup. What we placed there
-- only because of somebody unknown explains nothing: he would vanish behind it.
with near as (
  select distinct theirs.listing_id,
         max(make_interval(mins => u.setup_minutes)) over () as setup,
         max(make_interval(mins => u.cleanup_minutes)) over () as cleanup
    from listing_units mine
    join listing_units theirs on theirs.unit_id = mine.unit_id
    join listings l on l.id = theirs.listing_id
    join units u on u.id = mine.unit_id
   where mine.listing_id = $1 and l.account_id = (select account_id from listings where id = $1))
select n.listing_id, b.during as slot, lower(b.during) - n.setup as starts_at, upper(b.during) + n.cleanup as ends_at
  from near n join bookings b on b.listing_id = n.listing_id
 where int8range(b.venue_id, b.venue_id, '[]') && int8range($2, $2, '[]') and b.during && $3
   and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
union all
select n.listing_id, k.during, lower(k.during), upper(k.during)
  from near n join blocks k on k.listing_id = n.listing_id
 where k.venue_id = $2 and k.closed_at is null and k.during && $3
   and (k.listing_id = $1 or k.because <> '{}' or k.wants = 'nothing')
   and (k.state <> 'absent' or exists (
     select from pushes p where p.block_id = k.id and p.state in ('in_flight', 'unknown')))

-- of_listing --
-- What was found before, within a window.
select during, since from occupied where listing_id = $1 and during && $2

-- forget --
-- Replaced by what the newest read says.
delete from occupied where listing_id = $1 and (during && $2 or upper(during) <= $3)

-- add --
-- What it says.
insert into occupied (listing_id, during, since, read_at)
select $1, d, s, $4 from unnest($2::tstzrange[], $3::timestamptz[]) as found(d, s)
on conflict (listing_id, during) do update set read_at = excluded.read_at

-- of_venue --
-- Within a stretch, by listing.
select o.listing_id, o.during from occupied o join listings l on l.id = o.listing_id
 where l.venue_id = $1 and o.during && $2
 order by o.listing_id, o.during
