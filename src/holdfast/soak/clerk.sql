-- over --
-- Bookings of channels that take no time any more, and whose guests are known still.
select b.id from bookings b
 where b.account_id is not null and b.status in ('cancelled', 'declined', 'expired', 'completed', 'no_show')
   and not exists (select from guests g where g.booking_id = b.id and g.erased_at is not null)
 order by b.id

-- told --
-- Events that were read and done with.
select id from inbox where done_at is not null and ref is not null and via = 'webhook' order by id

-- dead --
-- Calls that were given up.
select id from pushes where state = 'dead' order by id

-- remembered --
-- Of these bookings, those of which anything is known still about who made them.
select b.id from bookings b
 where b.id = any($1::bigint[])
   and (exists (select from guests g where g.booking_id = b.id and num_nonnulls(g.name, g.email, g.phone) > 0)
     or exists (select from inbox i where i.account_id = b.account_id and i.ref = b.external_id
                   and i.body is not null and i.done_at is not null))
 order by b.id

-- braked --
-- Accounts of which nothing is released until a person accepts what is missed, and what that is.
select evidence ->> 'account' as account, evidence ->> 'refs' as refs from conflicts where kind = 'brake' and closed_at is null
