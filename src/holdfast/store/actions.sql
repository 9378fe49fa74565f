-- What people and programs did.

-- begin --
-- before the deed, so that none is without its row
insert into actions (at, who, via, what, object, reason) values ($1, $2, $3, $4, $5, $6) returning id

-- end --
-- how it ended
update actions set outcome = $2 where id = $1

-- page --
-- newest first
select id, at, who, via, what, object, reason, outcome from actions
where ($1::text is null or who = $1) and ($2::bigint is null or id < $2)
order by id desc limit $3
