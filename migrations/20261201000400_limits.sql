-- kind: initial
-- Rate limits, shared by all replicas.
create table attempt_limits (
    key      bytea       not null,
    full_at  timestamptz not null,
    failures integer     not null default 0,
    used_at  timestamptz not null default now(),
    nobodys  boolean     not null default false,

    constraint attempt_limits_pkey primary key (key),
    constraint attempt_limits_key_length check (octet_length(key) = 16),
    constraint attempt_limits_failures_positive check (failures >= 0)
);

-- Every bucket is in one of these, for the sweep: it is deleted once it is full, or, with failures counted, a month
-- after its last use.
create index attempt_limits_full_at_idx on attempt_limits (full_at) where failures = 0;
create index attempt_limits_failing_idx on attempt_limits (used_at) where failures > 0;
-- Anyone can cause these rows, so the sweep keeps only the newest.
create index attempt_limits_nobodys_idx on attempt_limits (used_at desc) where nobodys;

comment on table attempt_limits is
    'Token buckets of the generic cell rate algorithm (ITU-T I.371). A missing row is a full bucket. Deleted once full, or, with failures counted, 30 days after the last attempt.';
comment on column attempt_limits.key is
    'What is limited (an account, a network, a browser, a mailbox): the first 16 bytes of its SHA-256.';
comment on column attempt_limits.full_at is 'When the bucket is full again: the theoretical arrival time of the algorithm.';
comment on column attempt_limits.failures is 'Failed attempts in a row, for the cap of NIST SP 800-63B section 3.2.2.';
comment on column attempt_limits.used_at is
    'Last attempt. Infinity: the cap was reached, and the bucket stays exhausted until it is reset.';
comment on column attempt_limits.nobodys is 'Whether it is the bucket of a name that no account has. Only the 100,000 newest are kept.';

-- A clock that was ahead leaves times behind that no bucket has: a bucket is full again at most its capacity after its
-- last use. One that was used in the future counts as full.
create function bucket_full_at(full_at timestamptz, used_at timestamptz, capacity interval) returns timestamptz
language sql stable as $$
    select case
        when used_at > now() + interval '1 minute' then now()
        else greatest(least(full_at, used_at + capacity), now())
    end
$$;
comment on function bucket_full_at(timestamptz, timestamptz, interval) is
    'When a bucket is full again, not before now and not later than its capacity allows. Capacity: the time in which an empty bucket fills.';
