-- What the pages of one booking, of what came in and of what goes out look things up by. Only indexes.

-- one booking: the blocks because of it, and their entries in the journal
create index blocks_because on blocks using gin (because);
create index journal_by_block on journal (block_id, venue_id, seq) where block_id is not null;
-- one event or call: what was decided because of it
create index journal_by_inbox on journal (inbox_id) where inbox_id is not null;
create index journal_by_push on journal (push_id) where push_id is not null;

-- what came in about one booking; what is in trouble; when it came
create index inbox_by_ref on inbox (ref, account_id, id) where ref is not null;
create index inbox_troubled on inbox (id) where error is not null or outcome = 'broken';
create index inbox_when on inbox (received_at);

-- calls: what is under way, what was given up, and what is wanted of a guest's booking
create index pushes_open on pushes (wished_at, id) where state in ('waiting', 'in_flight', 'unknown', 'shadow');
create index pushes_dead on pushes (id) where state = 'dead';
create index pushes_by_booking on pushes (booking_id) where booking_id is not null;
