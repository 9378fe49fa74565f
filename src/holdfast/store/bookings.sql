-- by_ref --
-- One booking as we know it, for the merge.
select * from bookings where account_id = $1 and external_id = $2

-- by_refs --
-- Several of them, for an audit.
select * from bookings where account_id = $1 and external_id = any($2::text[])

-- told_by_refs --
-- A page of them, for the local diff of a poll: only what is compared.
select external_id, listing_id, status, raw_status, payment, lower(during) as starts_at, upper(during) as ends_at,
       party_size, held_until, read_at
  from bookings where account_id = $1 and external_id = any($2::text[])

-- venue_of_ref --
-- Where it is, be it on a listing that is no longer in service.
select venue_id from bookings where account_id = $1 and external_id = $2

-- by_id --
-- For an operator's act.
select * from bookings where id = $1

-- occupying_in --
-- Whatever takes time of a venue within a stretch. The range is for the index; it has no bounds, and so
-- overlaps every venue's, where a booking maps to none.
select * from bookings
 where int8range(venue_id, venue_id, '[]') && int8range($1, $1, '[]') and venue_id = $1 and during && $2
   and status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
 order by id

-- insert --
-- A booking is never refused. A second worker that met it at the same moment updates nothing. With it goes who
-- booked, if anybody is known.
with made as (
  insert into bookings (venue_id, listing_id, account_id, channel, external_id, status, raw_status, payment, during,
                        party_size, unit_ids, held_until, made_at, first_seen_at, firm_at, read_at, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
  on conflict (account_id, external_id) do nothing
  returning *),
named as (
  insert into guests (booking_id, name, email, phone, locale)
  select id, $18, $19, $20, $21 from made where num_nonnulls($18::text, $19::text, $20::text, $21::text) > 0)
select * from made

-- update --
-- The merge decided under the venue's lock; the version says that something changed.
update bookings
   set venue_id = $2, listing_id = $3, status = $4, raw_status = $5, payment = $6, during = $7, party_size = $8,
       held_until = $9, made_at = $10, firm_at = $11, read_at = $12, updated_at = $13, first_seen_at = $14,
       version = version + 1
 where id = $1
returning *

-- seen_again --
-- Nothing changed, but the read was newer.
update bookings set read_at = $2 where id = $1 and read_at < $2

-- save_guest --
-- An erased guest stays erased.
insert into guests (booking_id, name, email, phone, locale) values ($1, $2, $3, $4, $5)
on conflict (booking_id) do update
  set name = coalesce(excluded.name, guests.name), email = coalesce(excluded.email, guests.email),
      phone = coalesce(excluded.phone, guests.phone), locale = coalesce(excluded.locale, guests.locale)
where guests.erased_at is null

-- forget_guest --
-- The provider gave the booking's id to somebody else, of whom nothing is known yet.
delete from guests where booking_id = $1

-- erase_guest --
-- The booking stays, the person goes, known yet or not: here, and in the raw deliveries that named them.
-- One delivery may be about several bookings: its body lies with each of them. An answer that nobody could
-- read may name anybody, so all of the account's go.
with gone as (
  insert into guests (booking_id, erased_at) values ($1, $2)
  on conflict (booking_id) do update
    set name = null, email = null, phone = null, locale = null,
        erased_at = coalesce(guests.erased_at, excluded.erased_at)),
named as (
  select i.received_at, i.body
    from bookings b join inbox i on i.account_id = b.account_id and i.ref = b.external_id
   where b.id = $1 and i.body is not null)
update inbox i set body = null, headers = null
  from bookings b
 where b.id = $1 and i.account_id = b.account_id
   and (i.ref = b.external_id or i.raw_type in ('unreadable_answer', 'unreadable_booking', 'unreadable_event')
        or (i.received_at, i.body) in (select received_at, body from named))

-- turn_out --
-- What we placed ourselves was taken for a guest's booking: it takes no time any more.
update bookings
   set status = 'cancelled', raw_status = '(a block of ours)', held_until = null, updated_at = $3, version = version + 1
 where account_id = $1 and external_id = $2 and status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
returning *

-- lapsing --
-- Holds whose deadline has passed and that nobody is about to look at.
select b.account_id, b.external_id from bookings b
 where b.status in ('held', 'pending') and b.held_until <= $1 and b.read_at < b.held_until
   and b.account_id is not null
   and not exists (select from inbox i where i.account_id = b.account_id and i.ref = b.external_id and i.done_at is null)
 limit 100

-- live_refs --
-- What a complete scan of an account's window should have shown.
select external_id from bookings
 where account_id = $1 and during && $2 and read_at < $3
   and status in ('held', 'pending', 'confirmed', 'seated', 'unknown')

-- end --
-- A direct booking ends by our own word; a closure remains to be known as one.
update bookings set status = $2, raw_status = case raw_status when 'closure' then raw_status else $2 end, updated_at = $3, read_at = $3, version = version + 1 where id = $1
returning *

-- reseat --
-- A booking made at the venue itself goes to another unit.
update bookings set unit_ids = $2, updated_at = $3, version = version + 1 where id = $1 and account_id is null
returning *

-- alter --
-- A booking made at the venue itself takes other units or another time. It asks for them only now: whoever
-- has them was there before.
update bookings
   set unit_ids = $2, during = $3, made_at = $4, firm_at = $4, read_at = $4, updated_at = $4, version = version + 1
 where id = $1 and account_id is null
returning *
