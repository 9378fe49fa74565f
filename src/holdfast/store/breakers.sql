-- Calls that are held back while a provider answers none: how each account stands, in both directions.

-- of_account --
-- What was never in doubt has no row.
select direction, failures, opened_at, retry_at, probing from breakers where account_id = $1

-- take --
-- To be the one that tries: the row's lock lets one through in the whole fleet, the others then see its time.
update breakers set probing = true, retry_at = $4
 where account_id = $1 and direction = $2 and retry_at <= $3
returning direction

-- leave --
-- Who took it and made no call lets the next one try.
update breakers set probing = false, retry_at = $4
 where account_id = $1 and direction = $2 and probing and retry_at = $3

-- lock --
-- As it stands, until the end of this transaction.
insert into breakers (account_id, direction) values ($1, $2)
on conflict (account_id, direction) do update set direction = excluded.direction
returning failures, opened_at, retry_at, probing

-- set --
-- What follows from a call.
update breakers set failures = $3, opened_at = $4, retry_at = $5, probing = $6, reason = $7
 where account_id = $1 and direction = $2

-- catch_up --
-- The provider answers again: what waited only because it did not, or refused our credentials, is due now, and the other direction may try. What
-- somebody else works on just now is left to him. A second look for a lost call keeps its time.
with calls as (
  update pushes p set due_at = $2 from (
    select id from pushes q
     where q.account_id = $1 and q.state in ('waiting', 'unknown') and q.due_at > $2 and q.absent_reads = 0
       and exists (select from attempts t where t.push_id = q.id and t.number = q.attempts
                      and t.failure in ('not_sent', 'unknown', 'unauthorised') offset 0)  -- looked up one by one
       for update skip locked) w where p.id = w.id),
news as (
  update inbox i set due_at = $2 from (
    select id from inbox
     where account_id = $1 and done_at is null and due_at > $2
       and (error like 'not_sent: %' or error like 'unknown: %' or error like 'unauthorised: %')
       for update skip locked) w where i.id = w.id),
lists as (
  update readings r set due_at = $2 from (
    select id from readings where account_id = $1 and failures > 0 and due_at > $2
       for update skip locked) w where r.id = w.id),
looks as (
  update probes o set due_at = $2 from (
    select p.id from probes p join listings l on l.id = p.listing_id
     where l.account_id = $1 and p.attempts > 0 and p.due_at > $2
       for update of p skip locked) w where o.id = w.id)
update breakers b set retry_at = $2 from (
  select account_id, direction from breakers
   where account_id = $1 and direction <> $3 and retry_at > $2 and not probing
     for update skip locked) w
 where b.account_id = w.account_id and b.direction = w.direction

-- hurry --
-- It is to be tried by then, whatever it waits.
update breakers set retry_at = $3 where account_id = $1 and direction = $2 and retry_at > $3 and not probing

-- add_reads --
-- Reads of several accounts, as one process made them since it last told.
insert into reads (account_id, slot, amount)
select account_id, to_timestamp(floor(extract(epoch from $3::timestamptz) / 10) * 10), amount
  from unnest($1::bigint[], $2::int[]) as made (account_id, amount)
on conflict (account_id, slot) do update set amount = reads.amount + excluded.amount

-- forget_reads --
delete from reads where slot < $1
