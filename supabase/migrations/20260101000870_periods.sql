-- Periods: subscriptions, the plan they give, the months that credits and limits are counted in, and what ends with them.
--
--   trialing ─▶ active ─▶ past_due ─(grace over: plan free)─▶ canceled
--                 │  ▲        │ paid
--                 ▼  └────────┘
--               paused (plan free)
--
-- The gateway decides on a subscription's state; here stands a copy, and what follows from it. Functions take the moment it
-- is (p_now) from their caller, so that months can pass in a test.

-- month_of: the month, counted from an anchor, that a moment lies in.   returns: its beginning and end.
create function private.month_of(p_anchor timestamptz, p_at timestamptz) returns table (month_start timestamptz, month_end timestamptz)
language plpgsql immutable set search_path = ''
as $$
declare
  v_anchor constant timestamp := p_anchor at time zone 'UTC';
  v_at constant timestamp := p_at at time zone 'UTC';
  v_n integer := (extract(year from v_at) - extract(year from v_anchor)) * 12 + extract(month from v_at) - extract(month from v_anchor);
begin
  if v_anchor + make_interval(months => v_n) > v_at then v_n := v_n - 1; end if;
  month_start := (v_anchor + make_interval(months => v_n)) at time zone 'UTC';
  month_end := (v_anchor + make_interval(months => v_n + 1)) at time zone 'UTC';
  return next;
end
$$;

-- plan_in_force: what an organization's subscription gives it at a moment: its plan while it is paid for, in trial or in
-- grace, else free.
create function private.plan_in_force(p_organization_id uuid, p_now timestamptz) returns text
language sql stable set search_path = ''
as $$
  select coalesce((
    select s.plan_id from public.subscriptions s
    where s.organization_id = p_organization_id
      and (s.status in ('trialing', 'active') or (s.status = 'past_due' and s.grace_ends_at > p_now))
    order by s.created_at desc limit 1), 'free')
$$;

-- start_period: begins a new period of an account: counters start with what is under way, which is counted when it ends.
-- takes: the organization, whose account the caller holds, and the period with its anchor.
create function private.start_period(p_organization_id uuid, p_anchor timestamptz, p_start timestamptz, p_end timestamptz) returns void
language sql set search_path = ''
as $$
  update public.credit_balances b set period_anchor = p_anchor, period_start = p_start, period_end = p_end, period_credits_used = 0,
    period_images = l.images, period_videos = l.videos, period_audio_seconds = l.audio_seconds
  from (
    select coalesce(sum(j.limit_units) filter (where j.type = 'image'), 0)::integer as images,
      coalesce(sum(j.limit_units) filter (where j.type = 'video'), 0)::integer as videos,
      coalesce(sum(j.limit_units) filter (where j.type = 'audio'), 0)::integer as audio_seconds
    from public.ai_jobs j where j.organization_id = p_organization_id and j.status in ('pending', 'queued', 'processing')
  ) l
  where b.organization_id = p_organization_id
$$;

-- apply_subscription: writes what a gateway says of a subscription, and what follows: the organization's plan, its period, its trial.
-- takes:   the subscription; p_as_of is the moment before the gateway was asked; p_grace_days for payments that are overdue.
-- returns: 'applied', 'stale' (something newer is here), 'organization_not_found'. An organization has one: of two that live the one
--          begun last stands, and the other is to be ended at its gateway (subscriptions_to_end).
-- locks:   the organization, its account.
create function public.apply_subscription(p_organization_id uuid, p_gateway text, p_gateway_id text, p_plan_id text, p_status public.subscription_status,
  p_interval text, p_started_at timestamptz, p_period_start timestamptz, p_period_end timestamptz, p_trial_end timestamptz, p_cancel_at_period_end boolean, p_canceled_at timestamptz,
  p_next_plan_id text, p_grace_days integer, p_as_of timestamptz, p_now timestamptz)
returns text
language plpgsql set search_path = ''
as $$
declare
  v_old public.subscriptions;
  v_id uuid;
  v_plan text;
  v_account public.credit_balances;
  v_trial record;
begin
  perform from public.organizations o where o.id = p_organization_id for no key update;
  select b.* into v_account from public.credit_balances b where b.organization_id = p_organization_id for update;
  if not found then return 'organization_not_found'; end if;
  select s.* into v_old from public.subscriptions s where s.gateway = p_gateway and s.gateway_id = p_gateway_id for update;
  if found and v_old.as_of > p_as_of then return 'stale'; end if;
  -- One that was replaced is over, whatever its gateway still says.
  if v_old.end_requested_at is not null then
    if p_status = 'canceled' then
      update public.subscriptions s set ended_at_gateway_at = coalesce(s.ended_at_gateway_at, p_now), as_of = p_as_of where s.id = v_old.id;
    end if;
    return 'applied';
  end if;
  if p_status <> 'canceled' and exists (
    select from public.subscriptions s where s.organization_id = p_organization_id and s.status <> 'canceled' and s.id is distinct from v_old.id
      and (s.started_at, s.gateway_id) > (p_started_at, p_gateway_id)) then
    insert into public.subscriptions as s (id, organization_id, plan_id, status, gateway, gateway_id, billing_interval, started_at, current_period_start,
      current_period_end, trial_end, canceled_at, end_requested_at, as_of)
    values (public.uuid_v7(), p_organization_id, p_plan_id, 'canceled', p_gateway, p_gateway_id, p_interval, p_started_at, p_period_start, p_period_end, p_trial_end,
      p_now, p_now, p_as_of)
    on conflict on constraint subscriptions_gateway_id_key do update set status = 'canceled', canceled_at = p_now, grace_ends_at = null,
      end_requested_at = p_now, as_of = p_as_of;
    return 'applied';
  end if;
  if p_status <> 'canceled' then
    update public.subscriptions s set status = 'canceled', canceled_at = p_now, grace_ends_at = null, end_requested_at = p_now
    where s.organization_id = p_organization_id and s.status <> 'canceled' and s.id is distinct from v_old.id;
  end if;
  insert into public.subscriptions as s (id, organization_id, plan_id, status, gateway, gateway_id, billing_interval, started_at, current_period_start, current_period_end,
    trial_end, cancel_at_period_end, canceled_at, next_plan_id, grace_ends_at, as_of)
  values (public.uuid_v7(), p_organization_id, p_plan_id, p_status, p_gateway, p_gateway_id, p_interval, p_started_at, p_period_start, p_period_end,
    p_trial_end, p_cancel_at_period_end, case when p_status = 'canceled' then coalesce(p_canceled_at, p_now) end, p_next_plan_id,
    case when p_status = 'past_due' then coalesce(v_old.grace_ends_at, p_now + make_interval(days => p_grace_days)) end, p_as_of)
  on conflict on constraint subscriptions_gateway_id_key do update set plan_id = excluded.plan_id, status = excluded.status,
    billing_interval = excluded.billing_interval, current_period_start = excluded.current_period_start, current_period_end = excluded.current_period_end,
    trial_end = excluded.trial_end, cancel_at_period_end = excluded.cancel_at_period_end, canceled_at = excluded.canceled_at,
    next_plan_id = excluded.next_plan_id, grace_ends_at = excluded.grace_ends_at, as_of = excluded.as_of
  returning s.id into v_id;

  v_plan := private.plan_in_force(p_organization_id, p_now);
  -- Free follows a plan that this subscription gave; one given by hand stays.
  update public.organizations o set plan_id = v_plan
  where o.id = p_organization_id and o.plan_id <> v_plan and (v_plan <> 'free' or o.plan_id = coalesce(v_old.plan_id, p_plan_id));
  if p_trial_end is not null then
    update public.organizations o set trial_used_at = p_now where o.id = p_organization_id and o.trial_used_at is null;
    if found then
      select p.trial_credits into v_trial from public.plans p where p.id = p_plan_id;
      if v_trial.trial_credits > 0 then
        perform public.credit_credits(array[p_organization_id], array['bonus'::public.transaction_type], array[v_trial.trial_credits], array['trial'],
          array['trial'], array['Credits of the trial'], array[p_trial_end], array[null::uuid]);
      end if;
    end if;
  end if;
  -- The account's months are those of the subscription. What the schedule began a moment before is the same month.
  if p_status in ('trialing', 'active') and v_plan = p_plan_id then
    perform private.follow_period(v_account, p_period_start, p_now);
  end if;
  if v_old.id is null or (v_old.status, v_old.plan_id, v_old.cancel_at_period_end, v_old.next_plan_id)
      is distinct from (p_status, p_plan_id, p_cancel_at_period_end, p_next_plan_id) then
    perform private.tell(p_organization_id, 'subscription.' || case
        when v_old.id is null then 'created' when p_status = 'canceled' then 'canceled' else 'updated' end, v_id,
      jsonb_build_object('plan', p_plan_id, 'status', p_status, 'cancel_at_period_end', p_cancel_at_period_end));
  end if;
  perform private.mail_subscription(v_old, v_id);
  return 'applied';
end
$$;

-- follow_period: makes the account's months those of a subscription period.   takes: the account as it was locked.
create function private.follow_period(p_account public.credit_balances, p_period_start timestamptz, p_now timestamptz) returns void
language plpgsql set search_path = ''
as $$
declare
  v_anchor timestamptz := p_period_start;
  v_month record;
begin
  -- A period that begins on the 28th of February may be one of the 31st.
  select m.* into v_month from private.month_of(p_account.period_anchor, p_period_start) m;
  if v_month.month_start = p_period_start then v_anchor := p_account.period_anchor; end if;
  select m.* into v_month from private.month_of(v_anchor, greatest(p_now, p_period_start)) m;
  if p_account.period_anchor = v_anchor and p_account.period_start = v_month.month_start then return; end if;
  if abs(extract(epoch from p_account.period_start - v_month.month_start)) < 86400 then
    update public.credit_balances b set period_anchor = v_anchor, period_start = v_month.month_start, period_end = v_month.month_end
    where b.organization_id = p_account.organization_id;
  else
    perform private.start_period(p_account.organization_id, v_anchor, v_month.month_start, v_month.month_end);
  end if;
end
$$;

-- lapse_subscriptions: takes the plan from organizations whose grace is over.
-- returns: how many.   locks: the organizations, one by one.
create function public.lapse_subscriptions(p_now timestamptz, p_limit integer) returns integer
language plpgsql set search_path = ''
as $$
declare
  r record;
  v_plan text;
  v_count integer := 0;
begin
  for r in
    select o.id, s.id as subscription_id from public.subscriptions s join public.organizations o on o.id = s.organization_id
    where s.status = 'past_due' and s.grace_ends_at <= p_now and o.plan_id = s.plan_id order by o.id limit p_limit for no key update of o skip locked
  loop
    v_plan := private.plan_in_force(r.id, p_now);
    update public.organizations o set plan_id = v_plan where o.id = r.id and o.plan_id <> v_plan;
    if found then
      perform from public.credit_balances b where b.organization_id = r.id for update;
      perform private.tell(r.id, 'subscription.lapsed', r.subscription_id, jsonb_build_object('plan', v_plan));
      perform private.mail_lapsed(r.id, r.subscription_id);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;

-- expire_account: ends grants of one account that are past their time. What is on hold is what ends first, and stays until it is
-- spent or comes back. What a subscription's month left comes along into the next, as far as the plan allows.
-- takes: the organization, whose account the caller holds.   returns: how many credits ended.   locks: the grants.
create function private.expire_account(p_organization_id uuid, p_now timestamptz) returns bigint
language plpgsql set search_path = ''
as $$
declare
  r record;
  v_on_hold bigint;
  v_balance bigint;
  v_part bigint;
  v_total bigint := 0;
  v_left bigint := 0;
begin
  select b.held, b.balance into v_on_hold, v_balance from public.credit_balances b where b.organization_id = p_organization_id;
  for r in
    select g.* from public.credit_grants g
    where g.organization_id = p_organization_id and g.remaining > 0 and g.expires_at <= p_now order by g.expires_at, g.created_at, g.id for update
  loop
    v_part := greatest(0, r.remaining - v_on_hold);
    v_on_hold := v_on_hold - (r.remaining - v_part);
    continue when v_part = 0;
    v_total := v_total + v_part;
    v_left := v_left + case r.source when 'subscription' then v_part else 0 end;
    v_balance := v_balance - v_part;
    update public.credit_grants g set remaining = g.remaining - v_part, expired = g.expired + v_part where g.id = r.id;
    insert into public.credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, description, metadata)
    values (public.uuid_v7(), p_organization_id, 'expiration', -v_part, v_balance, 'grant', r.id || ':' || (r.remaining - v_part), 'Credits expired',
      jsonb_build_object('grant', r.id, 'expired_at', r.expires_at));
  end loop;
  if v_total > 0 then
    update public.credit_balances b set balance = v_balance, updated_at = clock_timestamp() where b.organization_id = p_organization_id;
    perform private.tell(p_organization_id, 'credits.expired', null, jsonb_build_object('credits', v_total));
  end if;
  if v_left > 0 then
    perform private.carry_over(p_organization_id, v_left, p_now);
  end if;
  return v_total;
end
$$;

-- carry_over: gives credits that a subscription's month left for the month that follows, up to the plan's limit for that month.
-- takes: the organization, whose account the caller holds.
create function private.carry_over(p_organization_id uuid, p_credits bigint, p_now timestamptz) returns void
language plpgsql set search_path = ''
as $$
declare
  v_month record;
  v_name text;
  v_carried bigint;
  v_part bigint;
begin
  -- A day ahead: gateways and we may differ by an hour on when a month ends.
  select m.*, p.carry_over_max into v_month
  from public.credit_balances b
  join public.organizations o on o.id = b.organization_id and o.deleted_at is null
  join public.plans p on p.id = o.plan_id and p.carry_over_max > 0
  cross join lateral private.month_of(b.period_anchor, p_now + interval '1 day') m
  where b.organization_id = p_organization_id;
  if not found then return; end if;
  v_name := to_char(v_month.month_start at time zone 'UTC', 'YYYY-MM-DD');
  select coalesce(sum(g.amount), 0) into v_carried from public.credit_grants g
  where g.organization_id = p_organization_id and g.source = 'adjustment' and g.reference_type = 'carry_over' and g.reference_id like v_name || ':%';
  v_part := least(p_credits, v_month.carry_over_max - v_carried);
  if v_part > 0 then
    perform public.credit_credits(array[p_organization_id], array['adjustment'::public.transaction_type], array[v_part], array['carry_over'],
      array[v_name || ':' || (v_carried + v_part)], array['Carried over from the period before'], array[v_month.month_end], array[null::uuid]);
  end if;
end
$$;

-- expire_grants: ends what is past its time, in so many accounts at most.
-- returns: how many credits ended.   locks: accounts, one by one, skipping those in use.
create function public.expire_grants(p_now timestamptz, p_limit integer) returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_id uuid;
  v_total bigint := 0;
begin
  for v_id in
    select b.organization_id from public.credit_balances b
    where b.organization_id in (
        select g.organization_id from public.credit_grants g where g.remaining > 0 and g.expires_at <= p_now)
      -- What is all on hold does not end yet.
      and b.held < (select sum(g.remaining) from public.credit_grants g where g.organization_id = b.organization_id and g.remaining > 0 and g.expires_at <= p_now)
    order by 1 limit p_limit for update skip locked
  loop
    v_total := v_total + private.expire_account(v_id, p_now);
  end loop;
  return v_total;
end
$$;

-- roll_over_periods: begins the new month of accounts whose month has ended, once each, whoever calls and however late: ends what
-- ends with it, carries over what the plan allows, gives a free plan its credits for the month that it is now. Months that
-- nobody was there for bring nothing: their credits would have ended with them.
-- returns: how many accounts.   locks: accounts, one by one, skipping those in use.
create function public.roll_over_periods(p_now timestamptz, p_limit integer) returns integer
language plpgsql set search_path = ''
as $$
declare
  r record;
  v_month record;
  v_count integer := 0;
begin
  for r in
    select b.organization_id, b.period_anchor, o.deleted_at, o.is_active, p.id as plan_id, p.name as plan_name, p.price_month_cents, p.monthly_credits
    from public.credit_balances b join public.organizations o on o.id = b.organization_id join public.plans p on p.id = o.plan_id
    where b.period_end <= p_now order by b.organization_id limit p_limit for update of b skip locked
  loop
    v_count := v_count + 1;
    perform private.expire_account(r.organization_id, p_now);
    if r.deleted_at is not null then
      update public.credit_balances b set period_end = 'infinity' where b.organization_id = r.organization_id;
      continue;
    end if;
    select m.* into v_month from private.month_of(r.period_anchor, p_now) m;
    if r.price_month_cents = 0 and r.monthly_credits > 0 and r.is_active then
      perform public.credit_credits(array[r.organization_id], array['bonus'::public.transaction_type], array[r.monthly_credits], array['plan'],
        array[r.plan_id || ':' || to_char(v_month.month_start at time zone 'UTC', 'YYYY-MM-DD')], array['Credits of the ' || lower(r.plan_name) || ' plan'],
        array[v_month.month_end], array[null::uuid]);
    end if;
    perform private.start_period(r.organization_id, r.period_anchor, v_month.month_start, v_month.month_end);
  end loop;
  return v_count;
end
$$;

-- subscriptions_to_end: those that were replaced and still live at their gateways.
create function public.subscriptions_to_end(p_limit integer) returns table (organization_id uuid, gateway text, gateway_id text)
language sql stable set search_path = ''
as $$
  select s.organization_id, s.gateway, s.gateway_id from public.subscriptions s
  where s.end_requested_at is not null and s.ended_at_gateway_at is null order by s.end_requested_at limit p_limit
$$;
