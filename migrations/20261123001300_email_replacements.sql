-- Addresses that an account had before its present one: what a mailed way back may bring back, and in
-- which order they were given up. A link says where it was mailed, but not when the address was
-- replaced: it is made when its letter is sent, which may be tried again hours later.
create table email_replacements (
    id          uuid        not null,
    user_id     uuid        not null,
    address     text        not null,  -- the one that was given up, to the letter
    replaced_at timestamptz not null default clock_timestamp(),
    -- Since when it cannot be brought back: it was, or an older one was.
    closed_at   timestamptz,

    constraint email_replacements_pkey primary key (id),
    constraint email_replacements_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint email_replacements_address_length check (octet_length(address) between 3 and 254)
);

create index email_replacements_user_id_idx on email_replacements (user_id, replaced_at);
create index email_replacements_replaced_at_idx on email_replacements (replaced_at);
