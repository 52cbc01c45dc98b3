-- kind: expand
-- Groups of accounts. Apps receive their names, and may admit members only.
create table groups (
    id         uuid        not null,
    name       text collate "C" not null,
    title      text,
    created_at timestamptz not null default now(),

    constraint groups_pkey primary key (id),
    constraint groups_name_unique unique (name),
    constraint groups_name_form check (name ~ '^[a-z0-9][a-z0-9_.:-]{0,63}$'),
    constraint groups_title_length check (char_length(title) between 1 and 64)
);

comment on table groups is 'Groups of accounts, flat: a group has no groups.';
comment on column groups.id is 'Random UUID.';
comment on column groups.name is 'The name that apps receive. It never changes.';
comment on column groups.title is 'What the group is for, in words. Null: the name says it.';
comment on column groups.created_at is 'When the group was created.';

-- A cached session holds the names of groups, which change by hand only.
create trigger groups_notify_change after update of name on groups for each statement
    execute function notify_all_sessions_change();

create table group_members (
    group_id uuid        not null,
    user_id  uuid        not null,
    added_at timestamptz not null default now(),

    constraint group_members_pkey primary key (group_id, user_id),
    constraint group_members_group_fkey foreign key (group_id) references groups (id) on delete cascade,
    constraint group_members_user_fkey foreign key (user_id) references users (id) on delete cascade
);

create index group_members_user_id_idx on group_members (user_id);

comment on table group_members is 'Which accounts are in which groups.';
comment on column group_members.group_id is 'The group.';
comment on column group_members.user_id is 'The account.';
comment on column group_members.added_at is 'When the account was added.';

-- A cached session holds the groups of its account.
create trigger group_members_notify_change after insert or delete or update on group_members for each row
    execute function notify_session_change('user_id');
create trigger group_members_notify_truncate after truncate on group_members
    execute function notify_all_sessions_change();
