-- One access token of an account for all processes, where its provider gives tokens; sealed by the channel.
create table access_tokens (
  account_id  bigint primary key references accounts,
  sealed      bytea,
  lease_until timestamptz
);
