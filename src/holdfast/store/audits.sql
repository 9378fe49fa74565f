-- add --
-- What an audit found, and what became of it.
insert into audits (account_id, venue_id, began_at, ended_at, complete, findings)
values ($1, $2, $3, $4, $5, $6) returning id

-- forget --
-- The latest tell how things stand; a few weeks of them tell how they went.
delete from audits where began_at < $1

