-- Accounts that are gone, whose events may still say where they came from: all but the newest, and those that were
-- committed in the very moment of the removal. A row goes when they were looked through, and an hour later once more.
create table audit_origins_due (
    account_id     uuid        not null,
    due_at         timestamptz not null default now(),
    below          bigint      not null default 9223372036854775807,  -- events before this one are still to be looked at
    looked_through boolean     not null default false,

    constraint audit_origins_due_pkey primary key (account_id)
);

create index audit_origins_due_at_idx on audit_origins_due (due_at);
