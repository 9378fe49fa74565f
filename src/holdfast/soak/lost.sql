-- venues --
-- Each has a journal of its own.
select id, name from venues

-- inbox --
-- Every webhook, by the hash of what was sent.
select i.id, a.channel, encode(sha256(i.body), 'hex') as digest, i.delivery_id is not null as numbered
  from inbox i join accounts a on a.id = i.account_id
 where i.via = 'webhook' and i.body is not null

-- placed --
-- Tries to place a block, written before the call was made.
select t.id, a.channel
  from attempts t join pushes p on p.id = t.push_id join accounts a on a.id = p.account_id
 where p.call = 'place'

-- exposures --
-- When taken time was sold elsewhere as well; what was not over lasted until the store went back.
select e.id, b.channel as source, b.external_id as ref, a.channel as target, e.began_at, e.basis = 'provider' as theirs,
       coalesce(e.ended_at, $1) as ended_at
  from exposures e join bookings b on b.id = e.booking_id
  join listings l on l.id = e.listing_id join accounts a on a.id = l.account_id

-- inbox_there --
select id from inbox where id = any($1::bigint[])

-- placed_there --
select id from attempts where id = any($1::bigint[])

-- exposures_there --
select id from exposures where id = any($1::bigint[])
