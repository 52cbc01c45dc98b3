-- kind: expand
-- Clients that describe themselves: when their documents were read, and until when that counts.
create table client_documents (
    app_id     uuid        not null,
    fetched_at timestamptz not null default now(),
    expires_at timestamptz not null,

    constraint client_documents_pkey primary key (app_id),
    constraint client_documents_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint client_documents_expires_later check (expires_at > fetched_at)
);

comment on table client_documents is
    'Client ID metadata documents: their apps have the kind document, and as client_id the address of the document.';
comment on column client_documents.app_id is 'The app that the document describes.';
comment on column client_documents.fetched_at is 'When the document was last read.';
comment on column client_documents.expires_at is 'Until when it counts. The next authorization after that reads it again.';

-- A repetition in a regular expression has at most 255, so the check that this replaces failed for every document.
alter table apps
    drop constraint apps_client_id_form,
    add constraint apps_client_id_form check (
        case
            when kind = 'document' then client_id ~ '^https://[!-~]+$' and octet_length(client_id) <= 2008
            else client_id ~ '^[A-Za-z0-9._~-]{1,64}$'
        end
    );

-- Anyone can make us read a document. What that writes is remembered nowhere, so it must not invalidate what every replica
-- remembers of sessions: only disabling, enabling or removing such an app does.
create function notify_app_addresses_change() returns trigger language plpgsql as $$
declare
    changed uuid := case when tg_op = 'DELETE' then old.app_id else new.app_id end;
begin
    if not exists (select from apps where id = changed and kind = 'document') then
        perform pg_notify('vestibule_sessions', 'all');
    end if;
    return null;
end
$$;
comment on function notify_app_addresses_change() is
    'Invalidates what every replica remembers of sessions and apps, unless the address is of an app that describes itself.';

drop trigger apps_notify_change on apps;
create trigger apps_notify_added after insert on apps for each row
    when (new.kind <> 'document') execute function notify_apps_change();
create trigger apps_notify_changed after update on apps for each row
    when (new.kind <> 'document' or old.disabled_at is distinct from new.disabled_at)
    execute function notify_apps_change();
create trigger apps_notify_removed after delete on apps for each row execute function notify_apps_change();
create trigger apps_notify_truncate after truncate on apps for each statement execute function notify_apps_change();

drop trigger app_addresses_notify_change on app_addresses;
create trigger app_addresses_notify_change after insert or update or delete on app_addresses for each row
    execute function notify_app_addresses_change();
create trigger app_addresses_notify_truncate after truncate on app_addresses
    for each statement execute function notify_apps_change();
