-- open_of_blocks --
-- What is waiting or under way for these blocks, and what died last.
select distinct on (block_id) block_id, id, call, state, risk, settled_at from pushes
 where block_id = any($1::bigint[])
 order by block_id, (state in ('in_flight', 'unknown')) desc, (state in ('waiting', 'shadow')) desc, id desc

-- refusals --
-- How often channels refused our place as taken since a moment, by what was asked for, and when they did last. The lanes
-- of a pool ask for the same at once: within the shortest pause of backoff.REFUSED all refusals are one. A refusal was
-- right, and does not count, where a later reading found the time not sold: only what goes on being sold is refused in vain.
-- Nor does one that came before a block of ours was given back there, as in a pool it had the unit that was asked for, or
-- before it was to be placed for a smaller party.
select b.listing_id, b.during, b.party, max(p.settled_at) as last_at,
       count(distinct date_bin('15 seconds', p.settled_at, timestamptz 'epoch')) as times
  from pushes p join blocks b on b.id = p.block_id
 where p.venue_id = $1 and p.outcome = 'taken' and p.settled_at > $2 and p.call = 'place'
   and p.settled_at > coalesce(b.shrunk_at, '-infinity')
   and not exists (select from offers o
                    where o.listing_id = b.listing_id and o.starts_at = lower(b.during) and o.ends_at = upper(b.during)
                      and o.unsold_at > p.settled_at)
   and not exists (select from pushes r join blocks rb on rb.id = r.block_id
                    where r.account_id = p.account_id and r.settled_at > p.settled_at and r.call = 'release'
                      and r.outcome = 'done' and rb.listing_id = b.listing_id and rb.during && b.during)
 group by b.listing_id, b.during, b.party

-- wish --
-- One waiting push for each block or booking: the newest wish replaces it. An account may have left the shadow.
insert into pushes (venue_id, account_id, block_id, booking_id, call, state, risk, starts_at, due_at, reason, observed_at, wished_at,
                    decision)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $9, $12)
on conflict (coalesce(block_id, 0), coalesce(booking_id, 0)) where state in ('waiting', 'shadow')
do update set call = excluded.call, state = excluded.state, risk = excluded.risk, due_at = excluded.due_at, reason = excluded.reason,
              starts_at = excluded.starts_at, observed_at = excluded.observed_at, wished_at = excluded.wished_at, decision = excluded.decision
returning id

-- supersede --
-- Not wanted any more before it was tried.
update pushes set state = 'superseded', outcome = 'superseded', settled_at = $2
 where id = $1 and state in ('waiting', 'shadow')

-- claim --
-- By risk: the order is the promise. But a hold of ours that is about to lapse is confirmed before anything: where
-- more is to be placed than the budget lets be placed in a hold's life, all of it would else lapse and be placed
-- again, and nothing ever be confirmed. A release waits until nothing is left to close on its listing, and
-- until no call about the same thing is under way, and as long as an account around it is braked. It waits for
-- what would lie over its own time in a pool only: elsewhere it must go before the other can come, and in a pool as well
-- where the other was refused and waits to be asked for again: what is to be given back may be what it lacks. Whether a hold
-- stands may not be known for minutes: what lies apart from it does not wait so long.
-- And nothing is freed on an old picture: what it was taken for may be known to another account by now. Each
-- that sells the same units must have been read completely within a quarter of an hour, or since a block
-- was found that we did not know: after a restored backup or a long stop that is so only once all were read anew.
-- After the store went back to an older state nothing goes until what it was about to do then was taken back, and no
-- release and no cancel until every account of the venue was read completely since.
-- A call that we do not know is a newer release's, and left to it. The attempt is written before the call is made.
-- Nothing is taken while a person has paused the account's pushes. A call is tried in vain since its first try, its
-- newest wish or the end of the last pause, whichever came last: what only waited was not tried.
-- Nor is anything taken, with $6, while it is in doubt whether the provider answers. With each goes what it is about.
-- What was wished anew at this very moment is left for its own wake-up: its block is seen here as it was before.
with doubt as (
  select exists (select from breakers where account_id = $1 and (failures > 0 or opened_at is not null)) as found),
due as (
  select p.id, p.state as was from pushes p
    join pushes seen on seen.id = p.id and seen.wished_at = p.wished_at
    left join blocks h on h.id = p.block_id and h.state = 'held' and p.call = 'commit'
                      and h.expires_at - interval '2 minutes' <= $2
   where p.account_id = $1 and p.call in ('place', 'commit', 'release', 'cancel') and p.state in ('waiting', 'unknown') and p.due_at <= $2
     and p.state = any($4::text[])
     and not ($6 and (select found from doubt))
     and not exists (select from lineage where went_back_at > coalesce(doubted_at, '-infinity'))
     and (p.lease_until is null or p.lease_until < clock_timestamp())
     and not exists (select from pauses s
                      where s.account_id = $1 and s.direction = 'pushes' and s.ended_at is null)
     and (p.state = 'unknown' or not exists (
       select from pushes f
        where coalesce(f.block_id, 0) = coalesce(p.block_id, 0)
          and coalesce(f.booking_id, 0) = coalesce(p.booking_id, 0)
          and f.state in ('in_flight', 'unknown')))
     and (p.call <> 'release' or p.state = 'unknown' or not exists (
       select from pushes c join blocks cb on cb.id = c.block_id join blocks rb on rb.id = p.block_id
        where c.account_id = $1 and c.call = 'place' and c.state in ('waiting', 'in_flight', 'unknown')
          and cb.listing_id = rb.listing_id and cb.wants <> 'nothing'
          and case when cb.during && rb.during
                   then exists (select from listings l where l.id = cb.listing_id and l.takes = 'one'
                                   and (select count(*) from listing_units m where m.listing_id = l.id) > 1)
                        and not (c.state = 'waiting' and c.attempts = 0 and c.due_at > $2)
                   else c.state = 'in_flight' or c.due_at <= $2 end))
     and (p.call <> 'release' or p.state = 'unknown' or not braked_around(p.block_id))
     and (p.call not in ('release', 'cancel') or p.state = 'unknown' or not exists (
       select from lineage g
         join listings l on l.venue_id = p.venue_id and l.active
         join accounts a on a.id = l.account_id and a.active and a.mode <> 'paused'
         join cursors c on c.account_id = a.id and c.task = 'bookings'
        where c.last_complete_at is null and g.went_back_at is not null or c.last_complete_at < g.went_back_at))
     and (p.call <> 'release' or p.state = 'unknown' or not exists (
       select from (select * from blocks where id = p.block_id offset 0) b  -- looked up one by one
         join listing_units mine on mine.listing_id = b.listing_id
         join listing_units theirs on theirs.unit_id = mine.unit_id
         join listings l on l.id = theirs.listing_id and l.active and l.account_id <> b.account_id
         join accounts a on a.id = l.account_id and a.active and a.mode <> 'paused'
         join cursors c on c.account_id = a.id and c.task = 'bookings'
        where (c.last_complete_at is null or c.last_complete_at < case
                 when b.marker like 'orphan-%' then b.created_at
                 else $2 - interval '15 minutes'
                      - 2 * make_interval(secs => greatest(a.poll_seconds, coalesce(c.period_seconds, 0))) end)))
    order by p.state = 'waiting', case when $5 then p.attempts end, h.expires_at, p.risk, p.starts_at, p.id limit $3
    for update of p skip locked),
taken as (
  update pushes p
     set state = case when due.was = 'waiting' then 'in_flight' else p.state end,
         lease_until = clock_timestamp() + interval '30 seconds',
         leased_by = $7,
         absent_from = case when due.was = 'unknown' then p.absent_from end,
         epoch = p.epoch + 1,
         attempts = p.attempts + case when due.was = 'waiting' then 1 else 0 end
    from due where p.id = due.id
  returning p.*, due.was),
written as (
  insert into attempts (push_id, number, key, sent_at)
  select id, attempts, 'hf-' || id || '-' || attempts, $2 from taken where was = 'waiting'
  on conflict (push_id, number) do nothing)
select d.found as in_doubt, t.id as push_id, t.venue_id, t.account_id, t.block_id, t.booking_id, t.call, t.was, t.epoch,
       t.attempts, t.absent_reads, t.leased_by, t.absent_from, t.reason, t.decision, t.observed_at, t.wished_at, f.first_sent_at,
       greatest(t.wished_at, coalesce(f.first_sent_at, $2),
                (select max(s.ended_at) from pauses s where s.account_id = $1 and s.direction = 'pushes')) as tried_since,
       (select external_id from bookings where id = t.booking_id) as booking_ref,
       b.id, b.listing_id, b.during, b.marker, b.wants, b.wanted_until, b.state, b.external_id, b.expires_at, b.because,
       b.gap_since, b.updated_at, b.closed_at, b.losses, b.lane, b.party, true as flying
  from doubt d
  left join taken t on true
  left join lateral (select * from blocks where id = t.block_id offset 0) b on true
  left join lateral (select min(a.sent_at) as first_sent_at from attempts a where a.push_id = t.id) f on true

-- in_a_row --
-- How many of a push's last tries before number $2 failed in the way $3, one after the other.
select count(*) from attempts a
 where a.push_id = $1 and a.number < $2
   and a.number > (select coalesce(max(b.number), 0) from attempts b
                    where b.push_id = $1 and b.number < $2 and b.failure is distinct from $3)

-- settle --
-- Only who holds the lease settles; what the try came to is recorded even if it was lost meanwhile. Returns the block
-- that it was about, and whether another call about it flies.
with tried as (
  update attempts set settled_at = $6, outcome = $8, failure = $9, status = $10, detail = $11
   where push_id = $1 and number = $7 and settled_at is null),
settled as (
  update pushes set state = $3, settled_at = $6, outcome = $4, error = $5, lease_until = null
   where id = $1 and epoch = $2 and state in ('in_flight', 'unknown')
  returning id as push_id, block_id)
select s.push_id, b.*,
       exists (select from pushes p
                where p.block_id = b.id and p.id <> s.push_id and p.state in ('in_flight', 'unknown')) as flying
  from settled s left join blocks b on b.id = s.block_id

-- later --
-- Again at `due_at`: as a new try (`waiting`), or to find out what became of the last one (`unknown`).
-- Where a newer wish is waiting already, the old one makes room for it. What the try came to is recorded as by `settle`.
with tried as (
  update attempts set settled_at = $7, outcome = $9, failure = $10, status = $11, detail = $12
   where push_id = $1 and number = $8 and settled_at is null)
update pushes p
   set state = case when $3 = 'waiting' and exists (
                 select from pushes w where coalesce(w.block_id, 0) = coalesce(p.block_id, 0)
                   and coalesce(w.booking_id, 0) = coalesce(p.booking_id, 0) and w.state in ('waiting', 'shadow'))
               then 'superseded' else $3 end,
       due_at = $4, error = $5, absent_reads = $6, lease_until = null
 where id = $1 and epoch = $2 and state in ('in_flight', 'unknown')
returning state

-- placing_on --
-- Whether we are just placing something on this listing at this time: what appears there may be ours.
select exists (
  select from pushes p join blocks b on b.id = p.block_id
   where b.listing_id = $1 and b.during = $2 and b.closed_at is null
     and p.call = 'place' and p.state in ('in_flight', 'unknown'))

-- flying_of_booking --
-- The call about a booking that is under way, or whose outcome is not known yet.
select id from pushes where booking_id = $1 and state in ('in_flight', 'unknown')

-- stop_of_booking --
-- No more tries of whatever is wanted of a booking. What flies may still be done: that will be observed; its
-- lease is void, so that its answer starts nothing.
update pushes p
   set state = 'superseded', outcome = 'superseded', settled_at = $2, epoch = p.epoch + 1, lease_until = null
  from (select id, state from pushes
         where booking_id = $1 and state in ('waiting', 'shadow', 'in_flight', 'unknown') for update) was
 where p.id = was.id
returning p.id, was.state = 'in_flight' as flies

-- error --
-- Why it ended as it did.
select error from pushes where id = $1
