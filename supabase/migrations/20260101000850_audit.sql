-- Audit: who changed what, when, from where, written by triggers in the transaction of the change itself. A caller says who
-- acts with act_as, at the beginning of its transaction; what says nothing is the system's. Orders for work are not here:
-- a job's row says who ordered it, with which key and request, and its receipt cannot be changed.

create table public.audit_logs (
  -- A time-ordered id, so that months are ranges of it and a page of one list touches few of them.
  id uuid primary key,
  -- Null for what concerns no organization: prices, or a login to an account that does not exist.
  organization_id uuid,
  actor_type text not null,
  actor_id uuid,
  action text not null,
  resource_type text not null,
  resource_id text,
  old_values jsonb,
  new_values jsonb,
  ip_address inet,
  user_agent text,
  request_id text,
  outcome text not null,
  -- When what it says of a person was taken out, because the person is gone.
  redacted_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  constraint audit_logs_actor_known check (actor_type in ('user', 'api_key', 'anonymous', 'webhook', 'system')),
  constraint audit_logs_outcome_known check (outcome in ('success', 'failure')),
  constraint audit_logs_redacted_is_empty check (redacted_at is null
    or (old_values is null and new_values is null and ip_address is null and user_agent is null))
) partition by range (id);
create index audit_logs_list on public.audit_logs (organization_id, id);
create index audit_logs_resource on public.audit_logs (organization_id, resource_id, id);
create index audit_logs_actor on public.audit_logs (organization_id, actor_id, id);

-- What comes before or after all months that exist: the log never refuses, and so never stops the change it is about.
create table private.audit_logs_other partition of public.audit_logs default;

-- refuse_audit_change: trigger: a row may only lose what it says of a person.
create function private.refuse_audit_change() returns trigger language plpgsql set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.redacted_at is not null
    and (new.id, new.organization_id, new.actor_type, new.actor_id, new.action, new.resource_type, new.resource_id, new.request_id, new.outcome, new.created_at)
      is not distinct from
      (old.id, old.organization_id, old.actor_type, old.actor_id, old.action, old.resource_type, old.resource_id, old.request_id, old.outcome, old.created_at)
  then return new; end if;
  raise exception 'audit_logs is append-only' using errcode = 'PT403';
end
$$;
create trigger audit_logs_append_only before update or delete on public.audit_logs for each row execute function private.refuse_audit_change();
create trigger audit_logs_no_truncate before truncate on public.audit_logs for each statement execute function private.refuse_change();

-- keep_audit_months: makes the partitions of this month and of so many after it, and drops those older than so many months.
-- locks: a new month is attached while it is empty, and no writer waits for that; a drop stops writers for a moment.
create function public.keep_audit_months(p_ahead integer, p_keep integer) returns table (made integer, dropped integer)
language plpgsql set search_path = ''
as $$
declare
  v_this_month constant date := date_trunc('month', clock_timestamp() at time zone 'UTC');
  v_month date;
  v_name text;
begin
  made := 0;
  dropped := 0;
  for v_month in select m::date from generate_series(v_this_month, v_this_month + make_interval(months => p_ahead), interval '1 month') m loop
    v_name := 'audit_logs_' || to_char(v_month, 'YYYY_MM');
    if to_regclass('private.' || v_name) is null then
      execute format('create table private.%I (like public.audit_logs including defaults including constraints)', v_name);
      execute format('alter table private.%I enable row level security', v_name);
      execute format('alter table private.%I force row level security', v_name);
      execute format('revoke all on private.%I from public, anon, authenticated', v_name);
      execute format('alter table public.audit_logs attach partition private.%I for values from (%L) to (%L)', v_name,
        private.uuid_v7_floor(v_month::timestamp at time zone 'UTC'),
        private.uuid_v7_floor((v_month + interval '1 month') at time zone 'UTC'));
      made := made + 1;
    end if;
  end loop;
  for v_name in
    select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.audit_logs'::regclass and c.relname ~ '^audit_logs_\d{4}_\d{2}$'
      and c.relname < 'audit_logs_' || to_char(v_this_month - make_interval(months => p_keep), 'YYYY_MM')
  loop
    execute format('drop table private.%I', v_name);
    dropped := dropped + 1;
  end loop;
  return next;
end
$$;

-- record_audit: writes one row of the log, by the actor of this transaction.
-- takes: the organization (or null), what was done to which resource, values of before and after with secrets already
--        masked, and whether it succeeded.
create function private.record_audit(p_organization_id uuid, p_action text, p_resource_type text, p_resource_id text, p_old jsonb, p_new jsonb,
  p_outcome text default 'success') returns void
language plpgsql security definer set search_path = ''
as $$
declare
  v_actor constant jsonb := coalesce(nullif(current_setting('base.actor', true), ''), '{}')::jsonb;
begin
  insert into public.audit_logs (id, organization_id, actor_type, actor_id, action, resource_type, resource_id, old_values, new_values,
    ip_address, user_agent, request_id, outcome)
  values (public.uuid_v7(), p_organization_id, coalesce(v_actor ->> 'type', 'system'), (v_actor ->> 'id')::uuid, p_action, p_resource_type, p_resource_id,
    p_old, p_new, private.address_or_null(v_actor ->> 'ip_address'), left(v_actor ->> 'user_agent', 500), v_actor ->> 'request_id', p_outcome);
end
$$;

-- audit_action: the name of a change of one row.
create function private.audit_action(p_resource_type text, p_operation text, p_old jsonb, p_new jsonb) returns text
language sql immutable set search_path = ''
as $$
  select p_resource_type || '.' || case
    when p_operation = 'INSERT' then case when p_new ->> 'rotated_from' is not null then 'rotated' else 'created' end
    when p_operation = 'DELETE' then 'deleted'
    when p_old ->> 'deleted_at' is null and p_new ->> 'deleted_at' is not null then 'deleted'
    when p_old ->> 'revoked_at' is null and p_new ->> 'revoked_at' is not null then 'revoked'
    when p_resource_type = 'invitation' and p_old ->> 'status' <> p_new ->> 'status' then case p_new ->> 'status' when 'pending' then 'approved' else p_new ->> 'status' end
    when p_resource_type = 'organization' and p_old ->> 'owner_id' <> p_new ->> 'owner_id' then 'owner_changed'
    when p_resource_type = 'user' and p_old ->> 'role' <> p_new ->> 'role' then 'role_changed'
    when p_old -> 'is_active' = 'true' and p_new -> 'is_active' = 'false' then 'deactivated'
    when p_old -> 'is_active' = 'false' and p_new -> 'is_active' = 'true' then 'activated'
    else 'updated'
  end
$$;

-- audit: trigger that records the change of a row: all of a new or deleted one, else what is different.
-- takes: the resource's type, columns that do not count, columns that are secret; both lists separated by commas.
create function private.audit() returns trigger language plpgsql security definer set search_path = ''
as $$
declare
  v_ignored constant text[] := string_to_array(tg_argv[1], ',') || array['created_at', 'updated_at'];
  v_secret constant text[] := string_to_array(coalesce(tg_argv[2], ''), ',');
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - v_ignored end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - v_ignored end;
  v_row constant jsonb := coalesce(case when tg_op <> 'DELETE' then to_jsonb(new) end, to_jsonb(old));
  v_before uuid := case when tg_op = 'UPDATE' then (v_old ->> 'organization_id')::uuid end;
  v_organization_id constant uuid := case tg_argv[0] when 'organization' then v_row ->> 'id' else v_row ->> 'organization_id' end;
  v_action text;
  v_old_shown jsonb;
  v_new_shown jsonb;
begin
  if v_old is not distinct from v_new or current_setting('base.audit', true) = 'off' then return null; end if;
  v_action := private.audit_action(tg_argv[0], tg_op, v_old, v_new);
  select jsonb_object_agg(k.key, case when k.key = any (v_secret) then '"[secret]"' else v_old -> k.key end) filter (where v_old -> k.key <> 'null'),
    jsonb_object_agg(k.key, case when k.key = any (v_secret) then '"[secret]"' else v_new -> k.key end) filter (where v_new -> k.key <> 'null')
  into v_old_shown, v_new_shown
  from jsonb_object_keys(coalesce(v_new, v_old)) k (key)
  where v_old -> k.key is distinct from v_new -> k.key;
  if tg_argv[0] = 'user' and v_before <> v_organization_id then
    -- Somebody has moved: each of the two organizations sees its half.
    perform private.record_audit(v_before, 'user.left', 'user', v_row ->> 'id', null, null);
    v_action := 'user.joined';
    v_old_shown := null;
    v_new_shown := jsonb_build_object('role', v_row -> 'role', 'email', v_row -> 'email');
  end if;
  perform private.record_audit(v_organization_id, v_action, tg_argv[0], v_row ->> 'id', v_old_shown, v_new_shown);
  return null;
end
$$;

create trigger organizations_audit after insert or update or delete on public.organizations
  for each row execute function private.audit('organization', 'trial_used_at');
create trigger users_audit after insert or update or delete on public.users
  for each row execute function private.audit('user', 'last_login_at,joined_at,notifications_read_to,synced_at,sign_in_erased_at');
create trigger invitations_audit after insert or update or delete on public.invitations
  for each row execute function private.audit('invitation', '', 'token_hash');
create trigger api_keys_audit after insert or update of name, scopes, requests_per_minute, requests_per_day, monthly_credit_budget, allowed_ips, expires_at,
  revoked_at or delete on public.api_keys for each row execute function private.audit('api_key', 'last_used_at,last_used_ip,line_id', 'key_hash');
create trigger provider_api_keys_audit after insert or update or delete on public.provider_api_keys
  for each row execute function private.audit('provider_key', 'check_at,validated_at', 'ciphertext');
create trigger subscriptions_audit after insert or update or delete on public.subscriptions
  for each row execute function private.audit('subscription', 'as_of');
create trigger projects_audit after insert or update or delete on public.projects for each row execute function private.audit('project', '');
create trigger generations_audit after update or delete on public.generations for each row execute function private.audit('generation', '');
create trigger conversations_audit after update or delete on public.conversations for each row execute function private.audit('conversation', '');
create trigger plans_audit after insert or update or delete on public.plans for each row execute function private.audit('plan', '');
create trigger models_audit after insert or update or delete on public.models for each row execute function private.audit('model', '');
create trigger pricing_audit after insert or update or delete on public.pricing for each row execute function private.audit('price', '');
-- What jobs cost and what gateways bring is in the ledger; what somebody has put right by hand is here too.
create trigger credit_transactions_audit after insert on public.credit_transactions for each row when (new.type = 'adjustment' and new.reference_type <> 'carry_over')
  execute function private.audit('credits', 'position');

-- record_sign_in: what somebody did to get in or out: 'logged_in', 'logged_out', 'registered', 'password_reset_requested', 'password_reset'.
-- takes: the person, or, when nobody has proved to be one, the address that was given; what was done; whether it worked.
--        An address without an account is kept only in part: it may be a password in the wrong field.
create function public.record_sign_in(p_user_id uuid, p_email text, p_action text, p_outcome text) returns void
language plpgsql set search_path = ''
as $$
declare
  v_user record;
begin
  select u.id, u.organization_id into v_user from public.users u
  where u.id = p_user_id or (p_user_id is null and p_email <> '' and lower(u.email) = lower(p_email) and u.deleted_at is null)
  order by u.created_at limit 1;
  if v_user.id is not null and p_action = 'logged_in' and p_outcome = 'success' then
    update public.users u set last_login_at = now() where u.id = v_user.id;
  end if;
  perform private.record_audit(v_user.organization_id, 'user.' || p_action, 'user', v_user.id::text, null,
    case when v_user.id is null then jsonb_build_object('email', regexp_replace(p_email, '^(.).*@', '\1***@')) end, p_outcome);
end
$$;

-- redact_audit: takes what the log says of people, or of a whole organization, out of it.
-- takes: the organization; people and their addresses, or null for everybody.
create function private.redact_audit(p_organization_id uuid, p_user_ids uuid[], p_emails text[]) returns void
language sql set search_path = ''
as $$
  update public.audit_logs a set old_values = null, new_values = null, ip_address = null, user_agent = null, redacted_at = clock_timestamp()
  where a.organization_id = p_organization_id and a.redacted_at is null
    and (p_user_ids is null or a.actor_id = any (p_user_ids) or a.resource_id = any (p_user_ids::text[])
      or (a.resource_type = 'invitation' and lower(coalesce(a.new_values, a.old_values) ->> 'email') = any (p_emails)))
$$;

-- is_organization_admin: whether the signed-in browser user is an admin of their organization, for policies.
create function private.is_organization_admin() returns boolean language sql stable security definer set search_path = ''
as $$
  select exists (select from public.users u where u.id = auth.uid() and u.role <= 'admin' and u.is_active and u.deleted_at is null)
$$;
revoke execute on function private.is_organization_admin() from public, anon;
grant execute on function private.is_organization_admin() to authenticated;

alter table public.audit_logs enable row level security;
alter table public.audit_logs force row level security;
create policy audit_logs_own_organization on public.audit_logs for select to authenticated
  using (organization_id = (select private.current_organization_id()) and (select private.is_organization_admin()));
alter table private.audit_logs_other enable row level security;
alter table private.audit_logs_other force row level security;
revoke all on public.audit_logs, private.audit_logs_other from public, anon, authenticated;
grant select on public.audit_logs to authenticated;
revoke execute on function private.refuse_audit_change() from public, anon, authenticated;
revoke execute on function public.keep_audit_months(integer, integer) from public, anon, authenticated;
revoke execute on function private.record_audit(uuid, text, text, text, jsonb, jsonb, text) from public, anon, authenticated;
revoke execute on function private.audit_action(text, text, jsonb, jsonb) from public, anon, authenticated;
revoke execute on function private.audit() from public, anon, authenticated;
revoke execute on function public.record_sign_in(uuid, text, text, text) from public, anon, authenticated;
revoke execute on function private.redact_audit(uuid, uuid[], text[]) from public, anon, authenticated;

select public.keep_audit_months(3, 1200);
