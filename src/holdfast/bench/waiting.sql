-- plain --
-- What the others are woken for: so that nobody but ours has anything to do in the inbox.
create table plain_inbox (id bigint generated always as identity primary key, due_at timestamptz not null)

-- first --
-- What the bare minimum asks when it is woken.
select id from plain_inbox where due_at <= now() order by id limit 1

-- put --
insert into inbox (account_id, via, ref, raw_type, received_at, due_at)
select id, 'webhook', 'b-1', 'created', now(), now() from accounts order by id limit 1

-- put_plain --
insert into plain_inbox (due_at) values (now())

-- clear --
delete from inbox

-- clear_plain --
delete from plain_inbox
