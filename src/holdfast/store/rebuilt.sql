-- told --
-- Every entry of the journals that has rows as they were after it, in order.
select venue_id, at, data from journal where data like '%"after":{%' order by venue_id, seq

-- bookings --
-- Those of venues; what maps to none has no journal.
select * from bookings where venue_id is not null

-- allocations --
-- Each with when its booking was made known.
select a.*, b.created_at from allocations a join bookings b on b.id = a.booking_id

-- blocks --
-- All that there ever were.
select * from blocks

-- conflicts --
-- Those of venues, open or closed.
select *, opened_at as created_at from conflicts where venue_id is not null

-- unheard --
-- Bookings of no venue that no event is about.
select b.id from bookings b
 where b.venue_id is null
   and not exists (select from inbox i where i.account_id is not distinct from b.account_id and i.ref = b.external_id)
 order by b.id
