-- live_in --
-- The blocks that stand or should stand within a stretch, and whether a call about them is under way.
select b.*, exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown')) as flying
  from blocks b
 where b.venue_id = $1 and b.closed_at is null and b.during && $2
 order by b.id

-- called_in --
-- The same, each with what flies about it, else waits, else was called last, and with how a call failed last.
select b.*, p.id as push_id, p.call, p.state as push, p.risk, p.settled_at,
       coalesce(p.state in ('in_flight', 'unknown'), false) as flying,
       (select t.failure from pushes q join attempts t on t.push_id = q.id
         where q.block_id = b.id and t.failure is not null order by t.id desc limit 1) as failure
  from blocks b
  left join lateral (
    select id, call, state, risk, settled_at from pushes q where q.block_id = b.id
     order by state in ('in_flight', 'unknown') desc, state in ('waiting', 'shadow') desc, id desc limit 1) p on true
 where b.venue_id = $1 and b.closed_at is null and b.during && $2
 order by b.id

-- by_id --
-- One block, whatever became of it.
select b.*, exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown')) as flying
  from blocks b where b.id = $1

-- by_echo --
-- Our own block, known by its id at the channel or by our marker.
select b.*, exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown')) as flying
  from blocks b
 where b.account_id = $1 and (b.external_id = $2 or b.marker = $3)
 order by b.external_id is not distinct from $2 desc, b.closed_at is null desc, b.id desc limit 1

-- by_refs --
-- Which of these ids at the channel are blocks of ours.
select id, external_id, state, during from blocks where account_id = $1 and external_id = any($2::text[])

-- insert --
-- At most one live block for a span of a listing, and lane.
insert into blocks (venue_id, listing_id, account_id, during, marker, wants, wanted_until, state, because, created_at, updated_at,
                    lane, party)
values ($1, $2, $3, $4, $5, $6, $7, 'absent', $8, $9, $9, $10, $11)
on conflict (listing_id, during, lane) where closed_at is null do nothing
returning *

-- wish --
-- The newest wish replaces the one before.
update blocks set wants = $2, wanted_until = $3, because = $4, updated_at = $5, lane = $6, version = version + 1
 where id = $1
returning *

-- shrink --
-- From now on it is placed for a smaller party: its channel has no table of that size left.
update blocks set party = $2, shrunk_at = $3, updated_at = $3, version = version + 1 where id = $1
returning *

-- stands --
-- It is at the channel now. The gap, if there was one, is over. Returns where the time that it stands for was taken
-- first, and what is open about its loss.
update blocks b set state = $2, external_id = $3, expires_at = $4, placed_at = $5, gap_since = null, updated_at = $5
 where id = $1
returning *, (select k.channel from bookings k where k.id = any(b.because) order by k.first_seen_at limit 1) as source,
  array(select c.id from conflicts c where c.block_id = b.id and c.kind = 'block_lost' and c.closed_at is null) as lost

-- gone --
-- It is not at the channel any more; if it is still wanted, a gap begins.
update blocks
   set state = 'absent', last_ref = coalesce(external_id, last_ref), external_id = null, expires_at = null, updated_at = $2,
       gap_since = case when wants <> 'nothing' and state <> 'absent' then coalesce(gap_since, $2) else gap_since end
 where id = $1
returning *

-- lost --
-- Somebody took it away at its channel.
update blocks set losses = losses + 1, updated_at = $2 where id = $1
returning *

-- close --
-- Nothing wanted, nothing there, nothing under way: a call may have been claimed since that was looked at.
update blocks b set closed_at = $2, updated_at = $2
 where b.id = any($1::bigint[]) and b.closed_at is null
   and not exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown'))
returning *

-- unasked --
-- What was asked about blocks is over with them.
update conflicts set closed_at = $2, resolution = $3
 where block_id = any($1::bigint[]) and closed_at is null
returning *

-- lapsed --
-- Holds of ours whose time is over, by venue. What became of one about which a call is under way, the call's
-- outcome will say: noticing it meanwhile would change nothing, and wake everybody each time.
select venue_id, id from blocks b
 where closed_at is null and state = 'held' and expires_at <= $1
   and not exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown'))
 limit 200

-- live_refs --
-- What a complete scan of an account's window should have shown of ours.
select external_id from blocks
 where account_id = $1 and during && $2 and closed_at is null and external_id is not null and updated_at < $3
   and (state = 'booked' or $4)

-- past --
-- What is over needs no call any more, whatever stands at the channel: where there is such.
select distinct venue_id from blocks b
 where b.closed_at is null and upper(b.during) <= $1
   and not exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown'))
 order by venue_id

-- finish_past --
-- Of one venue.
update blocks b set closed_at = $2, updated_at = $2
 where b.venue_id = $1 and b.closed_at is null and upper(b.during) <= $2
   and not exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown'))
returning *

-- uncalled --
-- No call about blocks is wanted any more.
update pushes set state = 'superseded', outcome = 'superseded', settled_at = $2
 where block_id = any($1::bigint[]) and state in ('waiting', 'shadow')

-- venue_of_ref --
-- Where a block of ours stands, by its id at the channel.
select venue_id from blocks where account_id = $1 and external_id = $2

-- ask_again --
-- A person wants it there after all: what was lost or refused before does not count any more.
update blocks set losses = least(losses, 1), updated_at = $2, version = version + 1 where id = $1
returning *

-- hurry_over --
-- A block of ours is gone from a listing: what was refused over its time, and waits to be asked for again, is asked for now.
update pushes p set due_at = $3 from blocks b
 where b.listing_id = $1 and b.closed_at is null and b.during && $2 and b.wants <> 'nothing'
   and p.block_id = b.id and p.call = 'place' and p.state = 'waiting' and p.attempts = 0 and p.due_at > $3
returning p.account_id

-- live_on --
-- Our live blocks on these listings, whenever.
select b.*, exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown')) as flying
  from blocks b
 where b.venue_id = $1 and b.closed_at is null and b.listing_id = any($2::bigint[])
 order by b.id

-- nameless --
-- Holds of ours on a listing that were there before a moment, by ids that we never learned.
select b.*, exists (select from pushes p where p.block_id = b.id and p.state in ('in_flight', 'unknown')) as flying
  from blocks b
 where b.account_id = (select account_id from listings where id = $1) and b.listing_id = $1
   and b.state = 'held' and b.external_id is null and b.closed_at is null and b.updated_at < $2
 order by b.id

-- is_served --
-- Whether the listing of a block is in service: a process that does not know it has an older configuration.
select exists (select from blocks b join listings l on l.id = b.listing_id and l.active where b.id = $1)
