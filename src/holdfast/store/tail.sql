-- heard_before --
-- the last that had come in by then; ids go with time closely enough for a beginning
select coalesce((select id from inbox where received_at < $1 order by id desc limit 1), 0)

-- sent_before --
-- the last try that had been begun by then
select coalesce((select id from attempts where sent_at < $1 order by id desc limit 1), 0)

-- noted_before --
-- of each venue the last entry that its journal had by then
select v.id as venue_id,
       coalesce((select j.seq from journal j where j.venue_id = v.id and j.at < $1 order by j.seq desc limit 1), 0) as seq
from venues v

-- heard --
-- what came in after $1 and is none of $2
select i.id, i.received_at as at, a.name as account, v.name as venue, i.via, i.raw_type, i.ref, b.id as booking_id
from inbox i
left join accounts a on a.id = i.account_id
left join bookings b on b.account_id = i.account_id and b.external_id = i.ref
left join venues v on v.id = b.venue_id
where i.id > $1 and i.id <> all($2::bigint[])
order by i.id limit $3

-- sent --
-- tries after $1 that are none of $2 and whose outcome is known
select t.id, t.settled_at as at, a.name as account, v.name as venue, l.name as listing, p.call, p.starts_at, v.timezone,
       p.id as push_id, t.number, t.outcome, t.failure, t.status,
       extract(epoch from t.settled_at - t.sent_at)::float8 as seconds
from attempts t
join pushes p on p.id = t.push_id
join accounts a on a.id = p.account_id
join venues v on v.id = p.venue_id
left join blocks k on k.id = p.block_id
left join bookings b on b.id = p.booking_id
left join listings l on l.id = coalesce(k.listing_id, b.listing_id)
where t.id > $1 and t.id <> all($2::bigint[]) and t.outcome is not null
order by t.id limit $3

-- noted --
-- the journals' entries after those of $1 and $2 (venues and numbers); a venue that is not among them from its beginning
select j.venue_id, j.seq, j.at, a.name as account, v.name as venue, j.kind, j.actor, j.booking_id, j.block_id, j.push_id,
       j.data
from venues v
left join unnest($1::bigint[], $2::bigint[]) as m(venue_id, seq) on m.venue_id = v.id
cross join lateral (select * from journal e where e.venue_id = v.id and e.seq > coalesce(m.seq, 0)
                     order by e.seq limit $3) j
left join bookings b on b.id = j.booking_id
left join blocks k on k.id = j.block_id
left join accounts a on a.id = coalesce(k.account_id, b.account_id)
order by j.at, j.venue_id, j.seq
