-- What waits of an account in its order, so that a few of very many are found without reading all of them.
create index inbox_waiting on inbox (account_id, due_at, id) where done_at is null;
