-- What waits of a booking is found by inbox_by_ref as fast: a booking has few events, done or not. Every webhook
-- cost an entry here when it came and another when it was done.
drop index inbox_ref;
