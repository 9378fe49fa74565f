-- known_in --
-- What these listings sell now, as far as we know, and what they would sell again if our blocks were gone:
-- an offer that only a block of ours withdraws is a reason for the block to stay.
with standing as (
  select listing_id, during from blocks
   where listing_id = any($1::bigint[]) and closed_at is null and state <> 'absent'
     and during && tstzrange($2, $3))
select o.listing_id, o.starts_at, o.ends_at, o.open from offers o
 where o.listing_id = any($1::bigint[]) and o.starts_at < $3 and o.ends_at > $2
   and (o.open or exists (select from standing s where s.listing_id = o.listing_id
                             and s.during && tstzrange(o.starts_at, o.ends_at)))

-- grid --
-- What these listings sell or sold on the days that were read, from $2 until $3: when their offers begin.
select listing_id, starts_at, ends_at from offers
 where listing_id = any($1::bigint[]) and starts_at >= $2 and starts_at < $3

-- save_open --
-- An older read never overwrites what we learned since. Returns what is newly open.
insert into offers (listing_id, starts_at, ends_at, open, read_at)
select $1, s, e, true, $4 from unnest($2::timestamptz[], $3::timestamptz[]) as sheet(s, e)
on conflict (listing_id, starts_at, ends_at) do update set open = true, read_at = excluded.read_at
  where offers.read_at <= excluded.read_at
returning starts_at, ends_at

-- save_closed --
-- Absence counts only within the window of a complete read, for starts within it. What we shut ourselves was not read
-- to be unsold yet: that is written once.
update offers set open = false, read_at = $6, unsold_at = $6
 where listing_id = $1 and starts_at >= $2 and starts_at < $3 and read_at <= $6
   and (open or unsold_at is null or unsold_at < read_at)
   and (starts_at, ends_at) not in (select * from unnest($4::timestamptz[], $5::timestamptz[]))

-- shut --
-- Something of ours, or a booking made there, now stands on this time. Returns whether any of it was open.
with sold as (
  select coalesce(bool_or(open), false) from offers
   where listing_id = $1 and starts_at < $3 and ends_at > $2 and read_at <= $4),
shut as (
  update offers set open = false, read_at = $4
   where listing_id = $1 and starts_at < $3 and ends_at > $2 and read_at <= $4)
select * from sold

-- reopen --
-- What stood there is gone: the channel sells it again, unless a read says otherwise.
with known as (
    update offers set open = true, read_at = $4
     where listing_id = $1 and starts_at < $3 and ends_at > $2 and read_at <= $4
    returning 1
)
select count(*) from known

-- forget_past --
-- Offers are only about what can still be sold.
delete from offers where ends_at < $1
