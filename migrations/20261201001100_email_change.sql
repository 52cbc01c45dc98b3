-- kind: initial
-- Changes of an account's email address. An undo link says where it was sent but not when the address was replaced:
-- it is created when its email is sent, which may be hours later.
create table email_replacements (
    id          uuid        not null,
    user_id     uuid        not null,
    address     text        not null,
    replaced_at timestamptz not null default clock_timestamp(),
    closed_at   timestamptz,

    constraint email_replacements_pkey primary key (id),
    constraint email_replacements_user_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint email_replacements_address_length check (octet_length(address) between 3 and 254)
);

create index email_replacements_user_id_idx on email_replacements (user_id, replaced_at);
create index email_replacements_replaced_at_idx on email_replacements (replaced_at);

comment on table email_replacements is
    'Former email addresses, which an undo link may restore. Deleted 14 days after they were replaced.';
comment on column email_replacements.id is 'Random UUID.';
comment on column email_replacements.user_id is 'The account.';
comment on column email_replacements.address is 'The address that was replaced, exactly as it was. Personal data.';
comment on column email_replacements.replaced_at is 'When it was replaced. Orders the addresses of one account.';
comment on column email_replacements.closed_at is
    'Since when it cannot be restored, because it or an older one was. Null: it can.';
