-- calls --
-- What waits to be sent, in the order in which it would go; without names, of the accounts that send nothing.
select a.name as account, a.mode, a.braked_at is not null as braked, a.writes_per_minute, v.timezone,
       p.call, p.state, p.due_at, l.name as listing, coalesce(k.wants, 'nothing') as wants,
       lower(coalesce(k.during, b.during)) as starts_at, upper(coalesce(k.during, b.during)) as ends_at,
       b.external_id as ref
  from pushes p
  join accounts a on a.id = p.account_id
  join venues v on v.id = p.venue_id
  left join blocks k on k.id = p.block_id
  left join bookings b on b.id = p.booking_id
  left join listings l on l.id = coalesce(k.listing_id, b.listing_id)
 where p.state in ('waiting', 'shadow', 'unknown')
   and (a.name = any($1::text[]) or (cardinality($1::text[]) = 0 and a.mode <> 'live' and a.active))
 order by a.name, p.state <> 'unknown', p.risk, p.starts_at, p.id

-- accounts --
-- The accounts that are meant, with how they stand.
select name, mode from accounts
 where name = any($1::text[]) or (cardinality($1::text[]) = 0 and mode <> 'live' and active)
 order by name

-- beside --
-- Accounts that sell something in a venue in which these do, these among them.
select distinct a.name
  from accounts a
  join listings l on l.account_id = a.id and l.active
 where a.active
   and l.venue_id in (select l.venue_id from listings l join accounts a on a.id = l.account_id
                       where l.active and a.name = any($1::text[]))

-- readers --
-- When the bookings of these accounts were read completely, and how often that is planned.
select a.name, a.mode, a.poll_seconds, c.last_complete_at, c.period_seconds
  from accounts a
  left join cursors c on c.account_id = a.id and c.task = 'bookings'
 where a.active and a.name = any($1::text[])
 order by a.name

-- double_bookings --
-- Open ones in the venues in which these accounts sell something.
select c.id from conflicts c
 where c.closed_at is null and c.kind = 'double_booking'
   and c.venue_id in (select l.venue_id from listings l join accounts a on a.id = l.account_id
                       where l.active and a.name = any($1::text[]))
 order by c.id
