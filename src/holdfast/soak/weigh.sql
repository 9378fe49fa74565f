-- weight --
-- What there is: bookings, tries of calls, and reads a minute that would be made if nothing happened.
select (select count(*) from bookings) as bookings, (select count(*) from attempts) as calls,
       (select coalesce(sum(60.0 * cost / every_seconds), 0) from readings)::float8 as planned

-- table_bytes --
-- With their indexes.
select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
 where relnamespace = 'public'::regnamespace and relkind = 'r'
