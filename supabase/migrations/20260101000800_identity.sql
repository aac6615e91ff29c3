-- Identity: who is calling. One call per unknown token or key; API nodes cache the answer and follow changes_since.

-- principal_row: what a request needs to know about a user (and the key used, if any).
create function private.principal_row(p_user_id uuid, p_api_key_id uuid)
returns table (
  user_id uuid, organization_id uuid, email text, role public.user_role, is_active boolean, organization_active boolean, plan_id text,
  limits jsonb, features text[], api_key_id uuid, scopes text[], key_requests_per_minute integer,
  key_requests_per_day integer, key_expires_at timestamptz)
language sql stable set search_path = ''
as $$
  select u.id, u.organization_id, u.email, u.role, u.is_active and u.deleted_at is null, o.is_active and o.deleted_at is null, o.plan_id,
    p.limits || o.custom_limits, p.features, k.id, k.scopes, k.requests_per_minute, k.requests_per_day, k.expires_at
  from public.users u
  join public.organizations o on o.id = u.organization_id
  join public.plans p on p.id = o.plan_id
  left join public.api_keys k on k.id = p_api_key_id
  where u.id = p_user_id
$$;

-- create_account: a person's first call: organization on the free plan, user as its admin, account, first credits.
-- locks: a transaction-level lock on the person's id, so that of ten first calls at once one creates and nine wait.
create function private.create_account(p_user_id uuid, p_email text, p_full_name text) returns void
language plpgsql set search_path = ''
as $$
declare
  v_organization_id uuid := public.uuid_v7();
  v_local text := lower(regexp_replace(split_part(p_email, '@', 1), '[^a-zA-Z0-9]+', '-', 'g'));
  v_credits bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('create_account:' || p_user_id::text, 0));
  if exists (select from public.users u where u.id = p_user_id) then return; end if;
  v_local := coalesce(nullif(trim(both '-' from left(v_local, 30)), ''), 'team');
  insert into public.organizations (id, name, slug)
  values (v_organization_id, left(coalesce(nullif(trim(p_full_name), ''), nullif(split_part(p_email, '@', 1), ''), 'My organization'), 100),
    v_local || '-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8));
  insert into public.users (id, organization_id, email, full_name, role, last_login_at)
  values (p_user_id, v_organization_id, lower(p_email), left(nullif(trim(p_full_name), ''), 100), 'admin', now());
  insert into public.credit_balances (organization_id) values (v_organization_id);
  select p.monthly_credits into v_credits from public.plans p where p.id = 'free';
  if v_credits > 0 then
    perform public.credit_credits(array[v_organization_id], array['bonus'::public.transaction_type], array[v_credits],
      array['plan'], array['free:first'], array['Credits of the free plan'], array[null::timestamptz], array[p_user_id]);
  end if;
end
$$;

-- authenticate_user: the principal of a verified session token; creates user and organization on the first call.
create function public.authenticate_user(p_user_id uuid, p_email text, p_full_name text)
returns table (
  user_id uuid, organization_id uuid, email text, role public.user_role, is_active boolean, organization_active boolean, plan_id text,
  limits jsonb, features text[], api_key_id uuid, scopes text[], key_requests_per_minute integer,
  key_requests_per_day integer, key_expires_at timestamptz)
language plpgsql set search_path = ''
as $$
begin
  return query select * from private.principal_row(p_user_id, null);
  if not found then
    perform private.create_account(p_user_id, p_email, p_full_name);
    return query select * from private.principal_row(p_user_id, null);
  end if;
end
$$;

-- authenticate_api_key: the principal of an API key by its SHA-256; no row for unknown, revoked or expired keys.
create function public.authenticate_api_key(p_key_hash text)
returns table (
  user_id uuid, organization_id uuid, email text, role public.user_role, is_active boolean, organization_active boolean, plan_id text,
  limits jsonb, features text[], api_key_id uuid, scopes text[], key_requests_per_minute integer,
  key_requests_per_day integer, key_expires_at timestamptz)
language plpgsql set search_path = ''
as $$
declare
  v_key public.api_keys;
begin
  select * into v_key from public.api_keys k
  where k.key_hash = p_key_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  if not found then return; end if;
  if v_key.last_used_at is null or v_key.last_used_at < now() - interval '1 minute' then
    -- Whoever else is noting the same use is as good; nobody waits for this.
    perform from public.api_keys k where k.id = v_key.id for update skip locked;
    if found then
      update public.api_keys k set last_used_at = now() where k.id = v_key.id;
    end if;
  end if;
  return query select * from private.principal_row(v_key.created_by, v_key.id);
end
$$;

-- changes_since: what API nodes must forget. Callers overlap the time a little, because a change becomes visible only
-- when its transaction commits.
create function public.changes_since(p_since timestamptz)
returns table (kind text, id uuid, changed_at timestamptz)
language sql stable set search_path = ''
as $$
  select 'user', u.id, u.updated_at from public.users u where u.updated_at > p_since
  union all
  select 'api_key', k.id, k.updated_at from public.api_keys k where k.updated_at > p_since
  union all
  select 'organization', o.id, o.updated_at from public.organizations o where o.updated_at > p_since
  union all
  select 'catalog', null, max(c.updated_at) from (
    select p.updated_at from public.plans p union all select m.updated_at from public.models m union all select r.updated_at from public.pricing r
  ) c having max(c.updated_at) > p_since
$$;

revoke execute on function private.principal_row(uuid, uuid) from public, anon, authenticated;
revoke execute on function private.create_account(uuid, text, text) from public, anon, authenticated;
revoke execute on function public.authenticate_user(uuid, text, text) from public, anon, authenticated;
revoke execute on function public.authenticate_api_key(text) from public, anon, authenticated;
revoke execute on function public.changes_since(timestamptz) from public, anon, authenticated;
