-- venues --
-- All of them, in one order for all who lock several.
select id from venues order by id

-- stop_placing --
-- What was about to be sent when the backup was made, was sent since, or was not wanted any more. And whatever was under
-- way of a block that is looked for: only one call of a block is under way, and the look says what became of all.
update pushes p set state = 'superseded', outcome = 'superseded', settled_at = $2, epoch = epoch + 1, lease_until = null
 where p.venue_id = $1
   and (p.call in ('place', 'commit') and p.state in ('waiting', 'in_flight', 'unknown')
        or p.state in ('in_flight', 'unknown')
           and p.block_id in (select id from blocks where venue_id = $1 and closed_at is null and wants <> 'nothing' and state <> 'booked'))

-- look_for --
-- Blocks that are wanted and not booked as far as we know: each is looked for at its channel before any call.
insert into pushes (venue_id, account_id, block_id, call, state, risk, starts_at, due_at, observed_at, wished_at)
select b.venue_id, b.account_id, b.id, 'place', 'unknown', $3, lower(b.during), $2, $2, $2
  from blocks b join accounts a on a.id = b.account_id
 where b.venue_id = $1 and b.closed_at is null and b.wants <> 'nothing' and b.state <> 'booked'
   and a.active and a.mode <> 'shadow' and upper(b.during) > $2
returning id

-- undecided --
-- Guests' bookings that were about to be cancelled: whoever decided that may have thought better of it since.
select distinct booking_id from pushes
 where venue_id = $1 and booking_id is not null and state in ('waiting', 'in_flight', 'unknown')

-- no_policy --
-- Nothing happens by itself to what people may have settled since.
update conflicts set auto_at = null where venue_id = $1 and closed_at is null and auto_at is not null
returning *

-- read_all --
-- Every account is to be read anew, and counts as never read until it was.
with shown as (delete from listed),
passes as (delete from pass_rows),
lists as (
  update readings set complete_at = null, read_at = null, page = null, pass_began_at = null, memo = '{}',
         due_at = least(due_at, $1), lease_until = null)
update cursors
   set last_complete_at = null, news_at = null, asked_at = null, next_due_at = least(next_due_at, $1), lease_until = null
