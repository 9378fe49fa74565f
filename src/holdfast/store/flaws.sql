-- What keeps bookings from being in order: asked in one place, for every screen, so that none says all is well while another knows better.

-- of_bookings --
-- Of the bookings $1 at $2: open conflicts, time that is sold elsewhere or may be, calls that were given up or have
-- waited since before $3, listings that should be closed and are not.
with asked as materialized (
  select id from bookings where id = any($1::bigint[])
), standing as materialized (
  select b.id as booking, k.wants, k.state as stands, l.name as listing, a.name as account, p.id as push, p.call,
         p.state, p.outcome, p.wished_at, k.updated_at
    from asked b
    join blocks k on k.because @> array[b.id] and k.closed_at is null
    join listings l on l.id = k.listing_id
    join accounts a on a.id = k.account_id
    left join lateral (
      select * from pushes p where p.block_id = k.id
       order by p.state in ('in_flight', 'unknown', 'waiting', 'shadow') desc, p.id desc limit 1) p on true
), cancelling as materialized (
  select b.id as booking, a.name as account, p.*
    from asked b
    cross join lateral (
      select * from pushes p where p.booking_id = b.id
       order by p.state in ('in_flight', 'unknown', 'waiting', 'shadow') desc, p.id desc limit 1) p
    join accounts a on a.id = p.account_id
)
select c.booking_id as booking, 'conflict' as kind, c.kind as what, c.id as about, null as listing, null as account,
       c.opened_at as since
  from conflicts c where c.closed_at is null and c.booking_id = any($1)
union all
select b.id, 'overlapped', c.kind, c.id, null, null, c.opened_at
  from conflicts c join asked b on b.id = any(c.against_ids) where c.closed_at is null
union all
select b.id, 'conflict', c.kind, c.id, l.name, null, c.opened_at
  from conflicts c
  join blocks k on k.id = c.block_id
  join asked b on b.id = any(k.because)
  join listings l on l.id = k.listing_id
 where c.closed_at is null and c.booking_id is null
union all
select e.booking_id, case e.why when 'beyond_horizon' then 'unknown' else 'exposure' end, coalesce(e.why, ''), null,
       l.name, a.name, e.began_at
  from exposures e join listings l on l.id = e.listing_id join accounts a on a.id = l.account_id
 where e.ended_at is null and e.booking_id = any($1) and upper(e.during) > $2::timestamptz and l.active and a.active
union all
select booking, 'given_up', call, push, listing, account, wished_at
  from standing where state = 'dead' and outcome is distinct from 'dropped'
union all
select booking, 'stuck', call, push, listing, account, wished_at
  from standing where state in ('waiting', 'in_flight', 'unknown') and wished_at <= $3::timestamptz
union all
select booking, 'unclosed', coalesce(state, ''), push, listing, account, updated_at
  from standing
 where stands = 'absent' and wants <> 'nothing' and coalesce(state, '') not in ('waiting', 'in_flight', 'unknown')
   and not coalesce(state = 'dead' and outcome is distinct from 'dropped', false)
union all
select booking, case state when 'dead' then 'given_up' else 'stuck' end, call, id, null, account, wished_at
  from cancelling
 where state = 'dead' and outcome is distinct from 'dropped'
    or state in ('waiting', 'in_flight', 'unknown') and wished_at <= $3
 order by 1, 7, 4

-- accounts --
-- Of those of the bookings $1 that are not over at $2, the accounts that sell their units, or made them.
with asked as materialized (
  select b.id, b.account_id,
         b.unit_ids || array(select g.unit_id from allocations g where g.booking_id = b.id)
                    || array(select m.unit_id from listing_units m join listings l on l.id = m.listing_id
                              where m.listing_id = b.listing_id and l.takes = 'all') as units
    from bookings b
   where b.id = any($1::bigint[]) and upper(b.during) > $2::timestamptz
     and b.status in ('held', 'pending', 'confirmed', 'seated', 'unknown')
)
select distinct b.id as booking, a.name as account
  from asked b
  join listing_units m on m.unit_id = any(b.units)
  join listings l on l.id = m.listing_id and l.active
  join accounts a on a.id = l.account_id and a.active
union
select b.id, a.name from asked b join accounts a on a.id = b.account_id and a.active
 order by 1, 2
