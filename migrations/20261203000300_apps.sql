-- kind: expand
comment on column apps.used_pkce_at is
    'When the app first redeemed a code with the right PKCE verifier. From then on it must send a challenge. Null: it has not.';

-- A row that becomes a document, or stops being one, was or will be remembered.
drop trigger apps_notify_changed on apps;
create trigger apps_notify_changed after update on apps for each row
    when (old.kind <> 'document' or new.kind <> 'document' or old.client_id is distinct from new.client_id
        or old.disabled_at is distinct from new.disabled_at)
    execute function notify_apps_change();

create or replace function notify_app_addresses_change() returns trigger language plpgsql as $$
begin
    if exists (
        select from apps
        where kind <> 'document'
            and (tg_op <> 'DELETE' and id = new.app_id or tg_op <> 'INSERT' and id = old.app_id)
    ) then
        perform pg_notify('vestibule_sessions', 'all');
    end if;
    return null;
end
$$;
