-- closing --
-- How far the channels are with what they must stop selling, of accounts that send: what stands of what is wanted, the
-- writes that are still to be made (a place is followed by a commit), and the time that is closed next.
select a.name as account, a.writes_per_minute, wanted.amount as wanted, wanted.standing,
       left_to_do.writes, next.starts_at as next_at, next.timezone
  from accounts a
 cross join lateral (
   select count(*) as amount, count(*) filter (where k.state in ('held', 'booked')) as standing
     from blocks k
    where k.account_id = a.id and k.closed_at is null and k.wants <> 'nothing' and upper(k.during) > $1) wanted
 cross join lateral (
   select coalesce(sum(case when p.call = 'place' and k.wants = 'booked' then 2 else 1 end), 0)::bigint as writes
     from pushes p left join blocks k on k.id = p.block_id
    where p.account_id = a.id and p.state in ('waiting', 'in_flight', 'unknown')) left_to_do
  left join lateral (
   select p.starts_at, v.timezone
     from pushes p join venues v on v.id = p.venue_id
    where p.account_id = a.id and p.state = 'waiting' and p.call = 'place' and p.due_at <= $1
    order by p.risk, p.starts_at, p.id limit 1) next on true
 where a.active and a.mode = 'live'
 order by a.name
