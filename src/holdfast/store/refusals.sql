-- Webhooks that were refused: how many, of which account, why; never what was in them.

-- add --
-- Gathered in one web process since it last said. What a forger makes us write is a row in five minutes.
insert into refusals (account_id, slot, result, amount)
select a.id, date_bin('5 minutes', $1, timestamptz 'epoch'), w.result, w.amount
  from unnest($2::text[], $3::text[], $4::integer[]) as w (account, result, amount)
  join accounts a on a.name = w.account
 order by a.id, w.result
on conflict (account_id, slot, result) do update set amount = refusals.amount + excluded.amount

-- forget --
-- What nobody looks at any more.
delete from refusals where slot < $1

-- lately --
-- By account and why, since $1.
select a.name as account, r.result, sum(r.amount)::bigint as amount
  from refusals r join accounts a on a.id = r.account_id
 where r.slot > $1
 group by 1, 2
 order by 1, 3 desc, 2
