-- conflicts --
-- What is to be settled.
select id, kind, booking_id, block_id, against_ids, unit_ids, evidence ->> 'first_by' as first_by
  from conflicts where id = any($1::bigint[])

-- sides --
-- The bookings concerned: whether their account is sent to, and whether it refused a cancel since they changed.
select b.*, a.name as account, l.name as listing, coalesce(a.active and a.mode = 'live', false) as reachable,
       exists (select from pushes p where p.booking_id = b.id and p.call = 'cancel' and p.state = 'dead'
                 and p.settled_at >= b.updated_at) as refused
  from bookings b
  left join accounts a on a.id = b.account_id
  left join listings l on l.id = b.listing_id
 where b.id = any($1::bigint[])

-- free --
-- For bookings made at the venue itself: the units that nobody has, or asks for, at their time.
select b.id as booking_id, u.id, u.name, u.seats, u.setup_minutes, u.cleanup_minutes
  from bookings b
  join units u on u.venue_id = b.venue_id and u.active
  cross join lateral (
    select tstzrange(lower(b.during) - make_interval(mins => u.setup_minutes),
                     upper(b.during) + make_interval(mins => u.cleanup_minutes)) as during) whole
 where b.id = any($1::bigint[]) and b.account_id is null and b.during is not null
   and not exists (select from allocations g
                    where int8range(g.unit_id, g.unit_id, '[]') && int8range(u.id, u.id, '[]')
                      and g.during && whole.during)
   and not exists (select from conflicts c join bookings o on o.id = c.booking_id
                    where c.closed_at is null and c.unit_ids @> array[u.id] and o.during && whole.during)

-- sellers --
-- Who sells these units and is sent to.
select m.unit_id, a.name as account, l.name as listing
  from listing_units m
  join listings l on l.id = m.listing_id and l.active
  join accounts a on a.id = l.account_id and a.active and a.mode = 'live'
 where m.unit_id = any($1::bigint[])
 order by a.name, l.name

-- blocks --
-- Our bookings at the channels that stand for any of these.
select a.name as account, l.name as listing, k.external_id as ref, k.because, k.id
  from blocks k
  join listings l on l.id = k.listing_id
  join accounts a on a.id = k.account_id and a.mode = 'live'
 where (k.because && $1::bigint[] and k.closed_at is null and k.state = 'booked') or k.id = any($2::bigint[])
 order by a.name, l.name, k.id

-- practice --
-- What bears on the policy of venue $1 now ($2).
select (select count(*) from conflicts c
         where c.venue_id = v.id and c.decision ->> 'actor' = 'policy' and c.decided_at > $2::timestamptz - interval '1 hour')
         as cancelled_lately,
       exists (select from conflicts c
                where c.venue_id = v.id and c.kind = 'double_booking' and c.decision ->> 'actor' <> 'policy'
                  and jsonb_array_length(c.decision -> 'cancels') > 0) as settled_by_people,
       v.configured_at,
       (select case when count(*) > 0 and bool_and(k.last_complete_at is not null) then min(k.last_complete_at) end
          from cursors k
         where k.task = 'bookings'
           and k.account_id in (select l.account_id from listings l where l.venue_id = v.id and l.active)) as read_since
  from venues v where v.id = $1

-- out_of_order --
-- Which of these accounts are braked, paused, not live, or do not answer.
select a.name from accounts a
 where a.id = any($1::bigint[])
   and (a.braked_at is not null or a.mode <> 'live' or not a.active
        or exists (select from pauses s where s.account_id = a.id and s.ended_at is null)
        or exists (select from breakers k where k.account_id = a.id and k.opened_at is not null))
 order by a.name
