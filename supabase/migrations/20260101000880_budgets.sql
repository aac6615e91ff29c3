-- Budgets: who is told when how much is spent, each once a period, and accounts that fill themselves up.

-- What a project's jobs of a calendar month (UTC) have used, by the month they ended in. Written by settle_jobs only.
create table public.project_usage (
  -- No foreign key, as in api_key_usage.
  project_id uuid not null,
  period_start date not null,
  organization_id uuid not null,
  credits_used bigint not null default 0,
  primary key (project_id, period_start)
) with (fillfactor = 50);
create index project_usage_organization on public.project_usage (organization_id);

-- Alerts that were given: a row is what makes an alert come once.
create table public.budget_alerts (
  organization_id uuid not null references public.organizations (id),
  kind text not null,
  -- The organization, API key line or project.
  subject_id uuid not null,
  threshold smallint not null,
  period_start timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (organization_id, kind, subject_id, threshold, period_start),
  constraint budget_alerts_kind_known check (kind in ('period', 'low_balance', 'exhausted', 'api_key', 'project'))
);

-- alert: gives the highest of the thresholds that are reached, if it was not given yet this period; lower ones count as given.
-- takes: what is used of what, in credits; the caller holds the account.   returns: the threshold, or null.
create function private.alert(p_organization_id uuid, p_kind text, p_subject_id uuid, p_thresholds smallint[], p_used bigint, p_total bigint,
  p_period_start timestamptz) returns smallint
language sql set search_path = ''
as $$
  with given as (
    insert into public.budget_alerts (organization_id, kind, subject_id, threshold, period_start)
    select p_organization_id, p_kind, p_subject_id, t, p_period_start from unnest(p_thresholds) t
    where p_total > 0 and p_used::numeric * 100 >= t::numeric * p_total
    on conflict do nothing returning threshold
  )
  select max(g.threshold) from given g
  where g.threshold = (select max(t) from unnest(p_thresholds) t where p_used::numeric * 100 >= t::numeric * p_total)
$$;

-- check_account_budgets: looks at one organization and gives the alerts that are due.
-- takes: the organization, whose account the caller holds.   returns: how many alerts.
create function private.check_account_budgets(p_organization_id uuid) returns integer
language plpgsql set search_path = ''
as $$
declare
  v_steps constant smallint[] := array[50, 80, 100];
  a record;
  r record;
  v_step smallint;
  v_count integer := 0;
begin
  select b.*, p.id as plan_id, p.monthly_credits, coalesce(o.low_balance_alert, ceil(p.monthly_credits / 10.0)::bigint) as low into a
  from public.credit_balances b join public.organizations o on o.id = b.organization_id join public.plans p on p.id = o.plan_id
  where b.organization_id = p_organization_id and o.deleted_at is null;
  if not found then return 0; end if;

  v_step := private.alert(p_organization_id, 'period', p_organization_id, v_steps, a.period_credits_used, a.monthly_credits, a.period_start);
  if v_step is not null then
    v_count := v_count + 1;
    perform private.tell(p_organization_id, 'budget.reached', null, jsonb_build_object('kind', 'period', 'percent', v_step,
      'used', a.period_credits_used, 'budget', a.monthly_credits));
    perform private.mail_admins(p_organization_id, 'credits_used_' || v_step, a.period_start::text, jsonb_build_object('used', a.period_credits_used,
      'budget', a.monthly_credits, 'plan', a.plan_id));
    if v_step = 100 then perform private.suggest_upgrade(p_organization_id, a.period_start); end if;
  end if;

  if a.available = 0 then
    v_step := private.alert(p_organization_id, 'exhausted', p_organization_id, array[100]::smallint[], 1, 1, a.period_start);
    if v_step is not null then
      v_count := v_count + 1;
      perform private.tell(p_organization_id, 'credits.exhausted', null, jsonb_build_object('available', 0, 'held', a.held));
      perform private.mail_low_balance(p_organization_id, a.period_start, 0, a.low);
    end if;
  elsif a.available < a.low then
    v_step := private.alert(p_organization_id, 'low_balance', p_organization_id, array[100]::smallint[], 1, 1, a.period_start);
    if v_step is not null then
      v_count := v_count + 1;
      perform private.tell(p_organization_id, 'credits.low', null, jsonb_build_object('available', a.available, 'threshold', a.low));
      perform private.mail_low_balance(p_organization_id, a.period_start, a.available, a.low);
    end if;
  end if;

  for r in
    select 'api_key' as kind, k.line_id as id, max(k.name) as name, max(k.monthly_credit_budget) as budget, coalesce(max(u.used), 0) as used
    from public.api_keys k
    left join lateral (
      select sum(y.credits_used)::bigint as used from public.api_keys x join public.api_key_usage y on y.api_key_id = x.id
      where x.line_id = k.line_id and y.period_start = private.budget_period(clock_timestamp())
    ) u on true
    where k.organization_id = p_organization_id and k.monthly_credit_budget is not null and k.revoked_at is null group by k.line_id
    union all
    select 'project', p.id, p.name, p.monthly_credit_budget, coalesce(u.credits_used, 0)
    from public.projects p
    left join public.project_usage u on u.project_id = p.id and u.period_start = private.budget_period(clock_timestamp())
    where p.organization_id = p_organization_id and p.monthly_credit_budget is not null and p.deleted_at is null
  loop
    v_step := private.alert(p_organization_id, r.kind, r.id, v_steps, r.used, r.budget, private.budget_period(clock_timestamp()));
    if v_step is not null then
      v_count := v_count + 1;
      perform private.tell(p_organization_id, 'budget.reached', r.id, jsonb_build_object('kind', r.kind, 'percent', v_step, 'used', r.used, 'budget', r.budget));
      perform private.mail_admins(p_organization_id, 'budget_reached', r.id || ':' || v_step || ':' || private.budget_period(clock_timestamp()),
        jsonb_build_object('kind', r.kind, 'name', r.name, 'percent', v_step, 'used', r.used, 'budget', r.budget));
    end if;
  end loop;
  return v_count;
end
$$;

-- check_budgets: looks at the organizations whose ledger has moved since the last call, so many entries at most.
-- takes:   how many; and whether to read the last ten seconds again, because what was written first may become visible last.
-- returns: how many entries were read, and how many alerts were given.
-- locks:   its own row of schedules, so that one call runs at a time; accounts, one by one.
create function public.check_budgets(p_limit integer, p_again boolean) returns table (entries integer, alerts integer)
language plpgsql set search_path = ''
as $$
declare
  v_cursor uuid;
  v_last uuid;
  v_ids uuid[];
  v_id uuid;
begin
  select s.cursor into v_cursor from public.schedules s where s.name = 'check-budgets' for update;
  v_cursor := coalesce(v_cursor, private.uuid_v7_floor(clock_timestamp() - interval '1 day'));
  select count(*), array_agg(distinct t.organization_id), (array_agg(t.id order by t.id desc))[1] into entries, v_ids, v_last
  from (
    select x.organization_id, x.id from public.credit_transactions x
    where x.id > case when p_again then private.uuid_v7_floor(private.time_of(v_cursor) - interval '10 seconds') else v_cursor end
    order by x.id limit p_limit
  ) t;
  alerts := 0;
  for v_id in select u from unnest(v_ids) u order by 1 loop
    perform from public.credit_balances b where b.organization_id = v_id for update;
    alerts := alerts + private.check_account_budgets(v_id);
  end loop;
  update public.schedules s set cursor = greatest(v_cursor, v_last) where s.name = 'check-budgets';
  return next;
end
$$;

-- An account that fills itself up: below the threshold the pack is bought, with the payment method on file.
create table public.auto_topups (
  organization_id uuid primary key references public.organizations (id),
  is_enabled boolean not null default true,
  threshold_credits bigint not null,
  pack_id text not null references public.credit_packs (id),
  daily_cap_cents integer not null,
  monthly_cap_cents integer not null,
  failures integer not null default 0,
  paused_until timestamptz,
  disabled_reason text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint auto_topups_threshold_positive check (threshold_credits > 0),
  constraint auto_topups_caps_in_order check (daily_cap_cents > 0 and monthly_cap_cents >= daily_cap_cents),
  constraint auto_topups_disabled_when check (not is_enabled or disabled_reason is null)
);
create index auto_topups_pack_id on public.auto_topups (pack_id);
create trigger auto_topups_set_updated_at before update on public.auto_topups for each row execute function private.set_updated_at();

create type public.topup_status as enum ('pending', 'succeeded', 'failed');

create table public.topups (
  id uuid primary key,
  organization_id uuid not null references public.organizations (id),
  pack_id text not null references public.credit_packs (id),
  credits bigint not null,
  amount_cents integer not null,
  status public.topup_status not null default 'pending',
  gateway_payment_id text,
  error_code text,
  -- Who is paying it works on it until then.
  paying_until timestamptz not null,
  claims integer not null default 0,
  created_at timestamptz not null,
  ended_at timestamptz,
  constraint topups_ended_when check ((status = 'pending') = (ended_at is null))
);
create unique index topups_one_in_flight on public.topups (organization_id) where status = 'pending';
create index topups_list on public.topups (organization_id, created_at);
create index topups_pending on public.topups (paying_until) where status = 'pending';
create index topups_pack_id on public.topups (pack_id);

-- claim_topups: begins what is due, one in flight per organization and within its caps, and takes over what nobody is paying any more.
-- takes:   the moment, how many at most, and for how many seconds the caller has them.
-- returns: the top-ups to pay, each keyed by its id at the gateway, however often it is tried; from the second claim on it may have
--          been paid already, and must be looked for first: gateways forget keys after a day.
-- locks:   their settings, one by one.
create function public.claim_topups(p_now timestamptz, p_limit integer, p_paying_seconds integer)
returns table (id uuid, organization_id uuid, credits bigint, amount_cents integer, gateway_customer_id text, claims integer)
language plpgsql set search_path = ''
as $$
begin
  insert into public.topups (id, organization_id, pack_id, credits, amount_cents, paying_until, created_at)
  select public.uuid_v7(), d.organization_id, d.pack_id, d.credits, d.price_cents, clock_timestamp() - interval '1 second', p_now
  from (
    select a.organization_id, a.pack_id, p.credits, p.price_cents
    from public.auto_topups a
    join public.credit_balances b on b.organization_id = a.organization_id
    join public.organizations o on o.id = a.organization_id and o.is_active and o.deleted_at is null
    join public.credit_packs p on p.id = a.pack_id and p.is_active
    join public.billing_customers c on c.organization_id = a.organization_id and c.gateway = 'stripe'
    cross join lateral (
      select coalesce(sum(t.amount_cents) filter (where t.created_at > p_now - interval '1 day'), 0) as day_cents, coalesce(sum(t.amount_cents), 0) as month_cents
      from public.topups t where t.organization_id = a.organization_id and t.created_at > p_now - interval '30 days' and t.status <> 'failed'
    ) s
    where a.is_enabled and b.available < a.threshold_credits and (a.paused_until is null or a.paused_until <= p_now)
      and s.day_cents + p.price_cents <= a.daily_cap_cents and s.month_cents + p.price_cents <= a.monthly_cap_cents
    order by a.organization_id limit p_limit for update of a skip locked
  ) d
  on conflict do nothing;

  return query
  with due as (
    select t.id from public.topups t where t.status = 'pending' and t.paying_until <= clock_timestamp() order by t.created_at limit p_limit for update skip locked
  )
  update public.topups t set claims = t.claims + 1, paying_until = clock_timestamp() + make_interval(secs => p_paying_seconds)
  from due, public.billing_customers c
  where t.id = due.id and c.organization_id = t.organization_id and c.gateway = 'stripe'
  returning t.id, t.organization_id, t.credits, t.amount_cents, c.gateway_customer_id, t.claims;
end
$$;

-- end_topup: says what became of a top-up. Its credits come by apply_payment. A decline pauses for a day, three in a row end it.
-- takes: the top-up, the gateway's payment, or the reason it failed, and the moment.   returns: whether it was still open.
create function public.end_topup(p_id uuid, p_gateway_payment_id text, p_error_code text, p_now timestamptz) returns boolean
language plpgsql set search_path = ''
as $$
declare
  v_organization_id uuid;
  v_failures integer;
begin
  select t.organization_id into v_organization_id from public.topups t where t.id = p_id;
  perform from public.credit_balances b where b.organization_id = v_organization_id for update;
  update public.topups t set status = case when p_error_code is null then 'succeeded' else 'failed' end::public.topup_status,
    gateway_payment_id = p_gateway_payment_id, error_code = p_error_code, ended_at = p_now
  where t.id = p_id and t.status = 'pending';
  if not found then return false; end if;
  if p_error_code is null then
    update public.auto_topups a set failures = 0, paused_until = null where a.organization_id = v_organization_id;
    return true;
  end if;
  update public.auto_topups a set failures = a.failures + 1, paused_until = p_now + interval '1 day',
    is_enabled = a.is_enabled and a.failures < 2, disabled_reason = case when a.failures >= 2 then 'declined' end
  where a.organization_id = v_organization_id
  returning a.failures into v_failures;
  perform private.tell(v_organization_id, 'topup.failed', p_id, jsonb_build_object('error_code', p_error_code, 'failures', v_failures, 'disabled', v_failures >= 3));
  perform private.mail_admins(v_organization_id, 'payment_failed', p_id::text, jsonb_build_object('kind', 'topup', 'disabled', v_failures >= 3));
  return true;
end
$$;

create trigger auto_topups_audit after insert or update or delete on public.auto_topups
  for each row execute function private.audit('auto_topup', 'failures,paused_until');

alter table public.project_usage enable row level security;
alter table public.project_usage force row level security;
create policy project_usage_own_organization on public.project_usage for select to authenticated
  using (organization_id = (select private.current_organization_id()));
alter table public.budget_alerts enable row level security;
alter table public.budget_alerts force row level security;
alter table public.auto_topups enable row level security;
alter table public.auto_topups force row level security;
alter table public.topups enable row level security;
alter table public.topups force row level security;
revoke all on public.project_usage, public.budget_alerts, public.auto_topups, public.topups from public, anon, authenticated;
grant select on public.project_usage to authenticated;
