-- years --
-- A venue's past, told in shares of $1 bookings: one in eight stands, the others are cancelled. Half an hour from one
-- to the next on each listing, so that today lies in the middle of them.
create temporary table here as
select row_number() over (order by l.id) - 1 as place, count(*) over () as places, l.id as listing, l.venue_id as venue,
       l.account_id as account, a.channel, (select min(unit_id) from listing_units u where u.listing_id = l.id) as unit
  from listings l join accounts a on a.id = l.account_id where l.active;
create temporary table past as
select n, h.*, date_trunc('hour', now()) + (n / h.places - $1 / h.places / 2) * interval '30 minutes' as at
  from generate_series(0, $1 - 1) n join here h on h.place = n % h.places;

-- bookings --
insert into bookings (venue_id, listing_id, account_id, channel, external_id, status, raw_status, payment, during,
                      party_size, first_seen_at, read_at, made_at)
select venue, listing, account, channel, 'b-' || n, case when n / places % 8 = 0 then 'confirmed' else 'cancelled' end,
       'told', 'none', tstzrange(at, at + interval '1 hour'), 2, least(at, now()) - interval '2 days',
       least(at, now()) - interval '2 days', least(at, now()) - interval '2 days'
  from past order by n;

-- guests --
insert into guests (booking_id, name, email, phone)
select id, 'Guest ' || id, 'guest' || id || '@example.test', '+3312345' || id from bookings;

-- allocations --
insert into allocations (venue_id, booking_id, unit_id, during)
select p.venue, b.id, p.unit, b.during
  from past p join bookings b on b.account_id = p.account and b.external_id = 'b-' || p.n
 where b.status = 'confirmed'
on conflict do nothing;

-- blocks --
insert into blocks (venue_id, listing_id, account_id, during, marker, wants, state, external_id, because, placed_at,
                    closed_at)
select h.venue, h.listing, h.account, b.during, 'm-' || b.id, 'booked', 'booked', 'x-' || b.id, array[b.id],
       b.first_seen_at, case when upper(b.during) < now() then upper(b.during) end
  from bookings b join lateral (
    select * from here where here.venue = b.venue_id and here.account <> b.account_id order by listing limit 1) h on true
  where b.status = 'confirmed'
on conflict do nothing;

-- pushes --
insert into pushes (venue_id, account_id, block_id, call, state, risk, starts_at, due_at, observed_at, wished_at,
                    settled_at, outcome)
select k.venue_id, k.account_id, k.id, call,
       case when k.id % 5000 = 0 and call = 'commit' then 'dead' else 'done' end, 10, lower(k.during), k.placed_at,
       k.placed_at, k.placed_at, k.placed_at + interval '2 seconds', 'done'
  from blocks k cross join unnest(array['place', 'commit']) call;

-- attempts --
insert into attempts (push_id, number, key, sent_at, settled_at, outcome, status)
select id, 1, 'k' || id, wished_at, settled_at, 'done', 200 from pushes;

-- exposures --
insert into exposures (booking_id, listing_id, during, cause, began_at, basis, ended_at)
select because[1], listing_id, during, 'taken', placed_at, 'receipt',
       placed_at + (id % 90) * interval '1 second' from blocks;

-- inbox --
insert into inbox (account_id, via, ref, raw_type, headers, body, received_at, due_at, attempts, done_at, outcome)
select account, case k when 0 then 'webhook' else 'poll' end, 'b-' || n, 'booking.created', '{}',
       convert_to('{"id": "b-' || n || '", "note": "' || repeat('x', 200) || '"}', 'UTF8'),
       least(at, now()) - interval '2 days', least(at, now()) - interval '2 days', 1,
       least(at, now()) - interval '2 days', case when n % 5000 = 0 then 'broken' else 'applied' end
  from past cross join generate_series(0, 1) k order by at;

-- conflicts --
insert into conflicts (venue_id, kind, booking_id, opened_at, closed_at, resolution)
select venue_id, 'double_booking', id, first_seen_at,
       case when id % 40000 > 0 or lower(during) < now() then first_seen_at + interval '1 hour' end, 'confirmed'
  from bookings where id % 200 = 0;

-- journal --
-- Five entries a booking. The chain's hashes are nobody's business here.
insert into journal (venue_id, seq, at, kind, actor, booking_id, data, hash)
select b.venue_id, row_number() over (partition by b.venue_id order by b.id, k), b.first_seen_at,
       (array['booking.created', 'booking.changed', 'allocated', 'block.wanted', 'booking.cancelled'])[k],
       'webhook', b.id, json_build_object('channel', b.channel, 'status', b.status)::text, '\x00'
  from bookings b cross join generate_series(1, 5) k;

-- told --
update venues v set journal_seq = coalesce((select max(seq) from journal j where j.venue_id = v.id), 0);
update cursors set last_complete_at = now(), next_due_at = now() + interval '1 hour';
insert into workers (id, version, started_at, beat_at) values ('bench', '0', now(), now() + interval '1 day');

-- known --
-- Something to open on every page that is about one thing.
select (select max(id) from bookings where status = 'confirmed') as booking,
       (select max(id) from conflicts) as conflict, (select max(id) from inbox) as event,
       (select max(id) from pushes) as push, (select name from venues order by id limit 1) as venue,
       (select name from accounts order by id limit 1) as account,
       (select name from units order by id limit 1) as unit, now()::date as today

-- sizes --
select (select count(*) from bookings) as bookings, (select count(*) from journal) as journal,
       (select count(*) from inbox) as inbox, pg_database_size(current_database()) as bytes

-- venues --
-- for whom somebody may look
select name from venues
