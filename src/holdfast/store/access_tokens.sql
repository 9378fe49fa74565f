-- An account's access token, which all processes use together.

-- kept --
select sealed from access_tokens where account_id = $1

-- take --
-- To be the one that asks for the next token, for at most so many seconds; no row: another asks.
insert into access_tokens (account_id, lease_until)
values ($1, clock_timestamp() + make_interval(secs => $2))
on conflict (account_id) do update set lease_until = excluded.lease_until
 where access_tokens.lease_until is null or access_tokens.lease_until <= clock_timestamp()
returning lease_until

-- keep --
-- Only who still has the turn keeps what it got: another may have asked for a newer one since.
update access_tokens set sealed = $2 where account_id = $1 and lease_until = $3

-- leave --
update access_tokens set lease_until = null where account_id = $1 and lease_until = $2
