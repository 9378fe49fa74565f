-- of_bookings --
-- What these bookings have now.
select booking_id, unit_id, during from allocations where booking_id = any($1::bigint[])

-- free --
-- Given back before others are granted, in one transaction.
delete from allocations where (booking_id, unit_id) in (select * from unnest($1::bigint[], $2::bigint[]))

-- grant --
-- The constraint decides, not Python. What comes back was granted; what does not is in conflict.
insert into allocations (venue_id, booking_id, unit_id, during)
select $1, * from unnest($2::bigint[], $3::bigint[], $4::tstzrange[])
on conflict do nothing
returning booking_id, unit_id
