-- When a block was last to be placed for a smaller party: what was refused before was asked for a larger one.
alter table blocks add column shrunk_at timestamptz;
