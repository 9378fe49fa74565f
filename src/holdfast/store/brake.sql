-- expected --
-- Which of these are live as far as we know, and which of those are holds that have lapsed by $3. What an
-- operator accepted as gone, and is being asked after, is not expected any more; nor is what is on listings
-- out of service, for those are not scanned.
select e.* from (
  select external_id as ref, listing_id, false as ours, coalesce(held_until <= $3, false) as lapsed
    from bookings
   where account_id = $1 and external_id = any($2::text[])
     and status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
  union all
  select external_id, listing_id, true, state = 'held' and coalesce(expires_at <= $3, false)
    from blocks
   where account_id = $1 and external_id = any($2::text[]) and closed_at is null and state <> 'absent') e
 where not exists (select from inbox i where i.account_id = $1 and i.ref = e.ref and i.done_at is null
                      and i.raw_type = 'absence_accepted')
   and not exists (select from listings l where l.id = e.listing_id and not l.active)

-- read_since --
-- How many of an account's bookings were read since $2, and which of them were not there any more, apart
-- from those that an operator had accepted as gone.
select count(*) as read,
       coalesce(array_agg(external_id) filter (where raw_status = '(absent)' and status <> 'expired'
         and not exists (select from inbox i where i.account_id = $1 and i.ref = bookings.external_id
                            and i.received_at >= $2 and i.raw_type = 'absence_accepted')), '{}') as absent
  from bookings where account_id = $1 and read_at >= $2

-- is_braked --
-- Whether nothing may be concluded from an account's absences.
select braked_at is not null from accounts where id = $1

-- trip --
-- The first to notice trips it; the others find it tripped.
update accounts set braked_at = $2, brake = $3 where id = $1 and braked_at is null returning id

-- another --
-- One conflict stands for all braked accounts; it names the others, too.
update conflicts
   set evidence = evidence || jsonb_build_object('and', concat_ws(', ', evidence ->> 'and', $1::text))
 where kind = 'brake' and closed_at is null

-- open_refs --
-- Which of these wait in the inbox already.
select distinct ref from inbox where account_id = $1 and ref = any($2::text[]) and done_at is null

-- hold_back --
-- They stay in the inbox, with the reason shown, and are asked after again now and then.
update inbox set due_at = $3, error = $4, outcome = 'held_back', lease_until = null
 where account_id = $1 and ref = any($2::text[]) and done_at is null

-- braked --
-- The accounts that are braked.
select id, name, channel, braked_at, brake from accounts where braked_at is not null order by name

-- would_go --
-- What an account's absences, once believed, would end.
select i.ref, b.id as booking_id, k.id as block_id, coalesce(b.status, k.state) as status,
       v.name as venue, coalesce(v.timezone, 'UTC') as timezone, l.name as listing,
       lower(coalesce(b.during, k.during)) as starts_at, b.party_size
  from (select distinct ref from inbox
         where account_id = $1 and done_at is null and outcome = 'held_back') i
  left join bookings b on b.account_id = $1 and b.external_id = i.ref
  left join blocks k on k.account_id = $1 and k.external_id = i.ref and b.id is null
  left join listings l on l.id = coalesce(b.listing_id, k.listing_id)
  left join venues v on v.id = coalesce(b.venue_id, k.venue_id)
 order by starts_at, i.ref

-- release --
-- Somebody looked.
update accounts set braked_at = null, brake = null where id = $1 and braked_at is not null returning id

-- accept --
-- What was held back is answered by the operator's word.
update inbox set done_at = $2, outcome = 'accepted', error = null, lease_until = null
 where account_id = $1 and done_at is null and outcome = 'held_back'
returning ref

-- venues_of --
-- Where an account sells.
select distinct venue_id from listings where account_id = $1 order by venue_id

-- close_conflict --
-- The one open conflict of the brake ends with the last account that is braked.
update conflicts set closed_at = $1, resolution = $2
 where kind = 'brake' and closed_at is null
   and not exists (select from accounts where braked_at is not null)
