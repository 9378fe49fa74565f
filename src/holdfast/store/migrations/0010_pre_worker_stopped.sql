-- A worker that was told to stop says so, and is not taken for one that was lost.
alter table workers add column stopped_at timestamptz;
