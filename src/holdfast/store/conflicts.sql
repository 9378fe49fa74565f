-- open --
-- One open conflict of a kind for a booking or a block; told again, its evidence is renewed.
insert into conflicts (venue_id, kind, booking_id, block_id, against_ids, unit_ids, evidence, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (kind, coalesce(booking_id, 0), coalesce(block_id, 0)) where closed_at is null
do update set against_ids = excluded.against_ids, unit_ids = excluded.unit_ids
returning id, (xmax = 0) as fresh

-- open_bookings --
-- Which of these bookings have an open conflict of a kind.
select id, booking_id from conflicts
 where kind = $1 and booking_id = any($2::bigint[]) and closed_at is null

-- close --
-- Settled, and by what.
update conflicts set closed_at = $2, resolution = $3 where id = any($1::bigint[]) and closed_at is null

-- close_of_booking --
-- A conflict of one kind ends with what caused it.
update conflicts set closed_at = $3, resolution = $4
 where kind = $1 and booking_id = $2 and closed_at is null
