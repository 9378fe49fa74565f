-- waiting --
-- Who turned live while calls are recorded that were not to be sent.
select venue_id, account_id, count(*) as amount from pushes
 where state = 'shadow' and account_id = any($1::bigint[])
 group by venue_id, account_id

-- leave --
-- Not replayed: what is wanted now is derived from the blocks anew. So many at most, what starts first first. Returns
-- the time that each was about, none for a guest's booking.
update pushes p set state = 'superseded', outcome = 'superseded', settled_at = $3
  from (select id from pushes
         where state = 'shadow' and venue_id = $1 and account_id = $2
         order by starts_at, id limit $4) first
 where p.id = first.id
returning (select during from blocks k where k.id = p.block_id) as during
