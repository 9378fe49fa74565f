-- venues --
-- $1 venues like the example's first.
insert into venues (name, timezone, house_contact, holds, conflicts)
select 'hall-' || n, timezone, house_contact, holds, conflicts
  from (select * from venues order by id limit 1) one cross join generate_series(1, $1) n

-- units --
-- $1 of them in each.
insert into units (venue_id, name, seats)
select v.id, 'room-' || n, 4 from venues v cross join generate_series(1, $1) n where v.name like 'hall-%'

-- listings --
-- Each of them on every account; the channel's own keys are those of any other listing there: nobody calls it.
insert into listings (venue_id, account_id, name, takes, party_size, settings)
select u.venue_id, a.id, v.name || '-' || u.name || '-' || a.name, 'all', 2, one.settings
  from units u join venues v on v.id = u.venue_id cross join accounts a
  join lateral (select settings from listings l where l.account_id = a.id order by id limit 1) one on true
 where v.name like 'hall-%' order by u.id, a.id

-- sold --
insert into listing_units (listing_id, unit_id, position)
select l.id, u.id, 1
  from units u join venues v on v.id = u.venue_id cross join accounts a
  join listings l on l.name = v.name || '-' || u.name || '-' || a.name
 where v.name like 'hall-%'

-- rooms --
-- Every unit of a hall, with its listings.
create temporary table rooms as
select row_number() over (order by u.id) - 1 as place, count(*) over () as places, u.id as unit, u.venue_id as venue,
       array_agg(l.id order by l.id) as listings, array_agg(l.account_id order by l.id) as accounts
  from units u join listing_units m on m.unit_id = u.id join listings l on l.id = m.listing_id
  join venues v on v.id = u.venue_id
 where v.name like 'hall-%' group by u.id

-- ahead --
-- $1 bookings to come, made on the accounts in turn: on each unit seven a day, an hour each and an hour apart, from
-- tomorrow morning on.
create temporary table ahead as
select n, venue, unit, r.listings[1 + n / places % 2] as listing, accounts[1 + n / places % 2] as account,
       r.listings[2 - n / places % 2] as other, accounts[2 - n / places % 2] as other_account,
       date_trunc('day', now()) + interval '32 hours' + n / places / 7 * interval '1 day'
         + n / places % 7 * interval '2 hours' as at
  from generate_series(0, $1 - 1) n join rooms r on place = n % places

-- past --
-- $1 bookings that are over, backwards from the day before yesterday, hour after hour on each unit.
create temporary table past as
select n, venue, unit, r.listings[1 + n / places % 2] as listing, accounts[1 + n / places % 2] as account,
       date_trunc('hour', now()) - interval '2 days' - n / places * interval '1 hour' as at
  from generate_series(0, $1 - 1) n join rooms r on place = n % places

-- bookings --
insert into bookings (venue_id, listing_id, account_id, channel, external_id, status, raw_status, payment, during,
                      party_size, first_seen_at, firm_at, read_at, made_at)
select venue, listing, account, 'told', ref, 'confirmed', 'told', 'none', tstzrange(at, at + interval '1 hour'), 2,
       least(at, now()) - interval '2 days', least(at, now()) - interval '2 days', least(at, now()) - interval '2 days',
       least(at, now()) - interval '2 days'
  from (select 'past-' || n as ref, venue, listing, account, at from past
        union all
        select 'ahead-' || n, venue, listing, account, at from ahead) every_one

-- allocations --
insert into allocations (venue_id, booking_id, unit_id, during)
select b.venue_id, b.id, m.unit_id, b.during
  from bookings b join listing_units m on m.listing_id = b.listing_id
 where b.external_id like 'ahead-%' or b.external_id like 'past-%'

-- blocks --
insert into blocks (venue_id, listing_id, account_id, during, marker, wants, state, external_id, because, placed_at,
                    closed_at)
select b.venue_id, l.id, l.account_id, b.during, 'm-' || b.id, 'booked', 'booked', 'x-' || b.id, array[b.id],
       b.first_seen_at, case when upper(b.during) < now() then upper(b.during) end
  from bookings b join listing_units mine on mine.listing_id = b.listing_id
  join listing_units m on m.unit_id = mine.unit_id and m.listing_id <> mine.listing_id
  join listings l on l.id = m.listing_id
 where b.external_id like 'ahead-%' or b.external_id like 'past-%'

-- offers --
-- Every hour of fifteen a day for $1 days; shut where something stands.
insert into offers (listing_id, starts_at, ends_at, open, read_at)
select l.listing, at, at + interval '1 hour',
       not exists (select from allocations t where int8range(t.unit_id, t.unit_id, '[]') && int8range(r.unit, r.unit, '[]')
                      and t.during && tstzrange(at, at + interval '1 hour')), now() - interval '2 days'
  from rooms r cross join unnest(r.listings) as l(listing)
 cross join generate_series(date_trunc('day', now()) + interval '1 day', date_trunc('day', now()) + $1 * interval '1 day',
                            interval '1 day') day
 cross join generate_series(day + interval '8 hours', day + interval '22 hours', interval '1 hour') at

-- told --
-- Everything was read a moment ago.
update cursors
   set last_complete_at = now(), news_at = now(), period_seconds = 3600, news_seconds = 3600,
       next_due_at = now() + interval '1 hour'

-- listed --
-- Each list and each stretch of offers, too.
update readings
   set complete_at = now(), read_at = now(), due_at = now() + interval '1 hour', every_seconds = 3600

-- looked --
-- And the offers of all days.
insert into looks (listing_id, during, read_at) select listing_id, during, now() from readings where task = 'offers'

-- slow_to_fill --
-- What is quicker to make at the end than row by row: how to drop it, and how to make it anew.
select format('drop index %s', i.indexrelid::regclass) as away, pg_get_indexdef(i.indexrelid) as anew
  from pg_index i
 where i.indrelid = any('{bookings,allocations,blocks,pushes,journal}'::regclass[]) and not i.indisunique
   and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
union all
select format('alter table %s drop constraint %s', conrelid::regclass, conname),
       format('alter table %s add constraint %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  from pg_constraint where contype = 'x'

-- alone --
-- The example's own venues sell no more.
with gone as (update venues set active = false where name not like 'hall-%' returning id)
update listings l set active = false from gone where l.venue_id = gone.id

-- listings_on --
-- In the order of the places.
select l.id, l.venue_id from listings l join accounts a on a.id = l.account_id
 where a.channel = $1 and l.active order by l.id

-- settings --
update listings set settings = $2::jsonb where id = $1

-- unhurried --
-- What this account reads waits for no budget; the others send nothing.
update accounts set reads_per_minute = 10000000, mode = case channel when $1 then 'live' else 'paused' end

-- account --
select id from accounts where channel = $1

-- heard --
-- Of each of these bookings a webhook told.
insert into inbox (account_id, via, ref, raw_type, headers, body, received_at, due_at)
select $1, 'webhook', ref, 'booking.created', '{}', convert_to('{"id": "' || ref || '"}', 'UTF8'), now(), now()
  from unnest($2::text[]) with ordinality as told(ref, n) order by n

-- done --
select count(*) from inbox where done_at is not null

-- decided --
select count(*) from bookings

-- known --
-- Bookings as they were read the last time.
insert into bookings (venue_id, listing_id, account_id, channel, external_id, status, raw_status, payment, during,
                      first_seen_at, firm_at, read_at, made_at)
select l.venue_id, l.id, l.account_id, $1, ref, 'confirmed', $2, 'none', tstzrange(s, e), now(), now(), now(), now()
  from unnest($3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[]) as told(listing, ref, s, e)
  join listings l on l.id = told.listing

-- unread --
-- It is due to be read.
update readings
   set due_at = now() - interval '1 second', lease_until = null, page = null, pass_began_at = null, complete_at = null
 where task in ('bookings', 'past') and account_id = $1

-- quiet --
-- Whether the last reading was complete, and nothing came of it.
select c.last_complete_at is not null and not exists (select from inbox)
  from cursors c where c.task = 'bookings' and c.account_id = $1

-- written --
-- Bytes in this database, and in the server's log of changes.
select pg_database_size(current_database()), (pg_current_wal_insert_lsn() - '0/0')::bigint
