-- costs --
-- What the lists and stretches of offers of each account cost when they were read last, and how far ahead they tell.
select a.name as account, r.task, r.during, r.cost
  from readings r
  join accounts a on a.id = r.account_id
 where a.active and r.complete_at is not null
