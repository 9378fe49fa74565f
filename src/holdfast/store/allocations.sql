-- of_bookings --
-- What these bookings have now.
select booking_id, unit_id, during from allocations where booking_id = any($1::bigint[])

-- found --
-- The same, and which conflicts of some kinds are open about them.
select booking_id, unit_id, during, null::text as kind, null::bigint as conflict_id
  from allocations where booking_id = any($1::bigint[])
union all
select booking_id, null, null, kind, id
  from conflicts where booking_id = any($1::bigint[]) and kind = any($2::text[]) and closed_at is null

-- free --
-- Given back before others are granted, in one transaction.
delete from allocations where (booking_id, unit_id) in (select * from unnest($1::bigint[], $2::bigint[]))
returning booking_id, unit_id

-- grant --
-- The constraint decides, not Python. What comes back was granted; what does not is in conflict.
insert into allocations (venue_id, booking_id, unit_id, during)
select $1, * from unnest($2::bigint[], $3::bigint[], $4::tstzrange[])
on conflict do nothing
returning booking_id, unit_id, during
