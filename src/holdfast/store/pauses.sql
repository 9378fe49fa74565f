-- Accounts whose intake or pushes a person holds back.

-- account --
-- One in use, with what is paused. Locked, for who acts on it acts on what he saw; never its key, or the inbox would
-- wait.
select a.id, a.name, a.channel, a.mode,
       (select s.id from pauses s where s.account_id = a.id and s.direction = 'intake' and s.ended_at is null) as intake,
       (select s.id from pauses s where s.account_id = a.id and s.direction = 'pushes' and s.ended_at is null) as pushes
  from accounts a where a.name = $1 and a.active
   for no key update of a

-- begin --
-- From the next statement on that would take something.
insert into pauses (account_id, direction, began_at, actor, reason) values ($1, $2, $3, $4, $5)

-- end --
-- How long it was stays written.
update pauses set ended_at = greatest(began_at, $3), ended_by = $4, end_reason = $5
 where account_id = $1 and direction = $2 and ended_at is null

-- of_account --
-- The last ones, newest first.
select s.id, s.direction, s.began_at, s.actor, s.reason, s.ended_at, s.ended_by, s.end_reason
  from pauses s join accounts a on a.id = s.account_id
 where a.name = $1 order by s.id desc limit $2
