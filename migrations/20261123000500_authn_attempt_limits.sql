-- How often somebody may still try. A row is one bucket of the generic cell rate algorithm
-- (ITU-T I.371): `full_at` is the theoretical arrival time, the moment the bucket is full again.
-- `failures` counts the failed tries in a row, for the cap of NIST SP 800-63B section 3.2.2.
create table attempt_limits (
    key      bytea       not null,  -- digest of what is limited: an account, a network, a browser
    full_at  timestamptz not null,
    failures integer     not null default 0,
    used_at  timestamptz not null default now(),

    constraint attempt_limits_pkey primary key (key),
    constraint attempt_limits_key_length check (octet_length(key) = 16),
    constraint attempt_limits_failures_positive check (failures >= 0)
);

create index attempt_limits_used_at_idx on attempt_limits (used_at);
