-- troubles --
-- What was known to be wrong, from when to when: conflicts from $1 after they were opened, exposures from $2 after
-- their bookings were made or first seen.
select * from (
  select 'conflict ' || id || ' was open' as what, opened_at + $1::interval as began,
         coalesce(closed_at, now()) as ended
    from conflicts
  union all
  select 'booking ' || b.external_id || ' was exposed at ' || l.name,
         greatest(e.began_at, b.first_seen_at) + $2::interval, coalesce(e.ended_at, now())
    from exposures e join bookings b on b.id = e.booking_id join listings l on l.id = e.listing_id) found
 where began < ended
