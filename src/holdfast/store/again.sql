-- heard --
-- What these events were about, and where we know it from.
select i.id, i.account_id, a.name as account, i.ref, i.raw_type, coalesce(b.venue_id, k.venue_id) as venue_id,
       b.id as booking_id, k.id as block_id
  from inbox i
  left join accounts a on a.id = i.account_id
  left join bookings b on b.account_id = i.account_id and b.external_id = i.ref
  left join blocks k on k.account_id = i.account_id and k.external_id = i.ref
 where i.id = any($1::bigint[])
 order by i.id

-- ask --
-- The same read once more; the event itself stays as it is. One that waits already is enough.
insert into inbox (account_id, via, ref, raw_type, received_at, due_at)
select $1, 'replay', $2, $3, $4, $4
 where not exists (select from inbox w where w.account_id = $1 and w.ref = $2 and w.via = 'replay' and w.done_at is null)
returning id

-- dead --
-- What was given up, and whether the same was asked again since.
select p.id, p.venue_id, p.account_id, p.block_id, p.booking_id, p.call, a.name as account,
       exists (select from pushes n
                where n.id > p.id and (n.block_id = p.block_id or n.booking_id = p.booking_id)) as newer
  from pushes p join accounts a on a.id = p.account_id
 where p.id = any($1::bigint[]) and p.state = 'dead' and p.outcome is distinct from 'dropped'
 order by p.id

-- revived --
-- Another push asks for the same: nobody needs to look at this one any more.
update pushes set state = 'superseded', outcome = 'revived' where id = $1 and state = 'dead'

-- dropped --
-- It stays dead, as of now: what is wanted since then may be asked, the same may not.
update pushes set outcome = 'dropped', settled_at = $2 where id = $1 and state = 'dead'
