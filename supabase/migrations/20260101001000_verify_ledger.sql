-- verify_ledger: every invariant of credits and jobs, in one statement and so on one snapshot: the answer is empty at any
-- moment, under any load, after any crash. A metric and an alert read it; every test ends with it.
-- takes:   an organization, or null for all.
-- returns: one row per violation: which rule, whose, about what, and both figures.
create function public.verify_ledger(p_organization_id uuid default null)
returns table (violation text, organization_id uuid, subject text, expected text, actual text)
-- Planned for each call, so that one organization is found by index; an audit of all reads tables once and joins by hash.
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_nestloop = on
as $$
begin
  if p_organization_id is null then
    perform set_config('enable_nestloop', 'off', true);
  end if;
  return query
  with accounts as (select b.* from public.credit_balances b where p_organization_id is null or b.organization_id = p_organization_id),
  jobs as (select j.* from public.ai_jobs j where p_organization_id is null or j.organization_id = p_organization_id),
  holds as (select h.* from public.credit_holds h where p_organization_id is null or h.organization_id = p_organization_id),
  transactions as (select t.* from public.credit_transactions t where p_organization_id is null or t.organization_id = p_organization_id),
  grants as (
    select g.organization_id, sum(g.remaining) as remaining from public.credit_grants g
    where p_organization_id is null or g.organization_id = p_organization_id group by 1),
  attempts as (select a.* from public.provider_attempts a where p_organization_id is null or a.organization_id = p_organization_id),
  paid as (select p.* from public.payments p where p_organization_id is null or p.organization_id = p_organization_id),
  ledger as (
    select t.organization_id, sum(t.amount) as balance, -coalesce(sum(t.amount) filter (where t.type = 'usage'), 0) as used
    from transactions t group by 1),
  job_counts as (
    select j.organization_id, count(*) filter (where j.status in ('queued', 'processing')) as active, count(*) filter (where j.status = 'pending') as waiting
    from jobs j group by 1),
  hold_sums as (select h.organization_id, sum(h.amount) as held from holds h where h.status = 'held' group by 1),
  job_usage as (
    select j.organization_id, (j.completed_at at time zone 'UTC')::date as day, j.served_provider as provider, j.served_model as model, j.user_id, j.credits_charged as credits,
      coalesce(j.cost_usd, 0) as cost_usd
    from jobs j where j.status = 'completed')
  -- Accounts
  select 'balance_is_sum_of_transactions', a.organization_id, 'account', coalesce(l.balance, 0)::text, a.balance::text
  from accounts a left join ledger l using (organization_id) where a.balance <> coalesce(l.balance, 0)
  union all
  select 'balance_is_sum_of_grants', a.organization_id, 'account', coalesce(g.remaining, 0)::text, a.balance::text
  from accounts a left join grants g using (organization_id) where a.balance <> coalesce(g.remaining, 0)
  union all
  select 'held_is_sum_of_open_holds', a.organization_id, 'account', coalesce(h.held, 0)::text, a.held::text
  from accounts a left join hold_sums h using (organization_id) where a.held <> coalesce(h.held, 0)
  union all
  select 'held_is_covered', a.organization_id, 'account', '0 <= held <= balance', a.held || ' of ' || a.balance
  from accounts a where a.held < 0 or a.balance < a.held
  union all
  select 'lifetime_used_is_sum_of_usage', a.organization_id, 'account', coalesce(l.used, 0)::text, a.lifetime_used::text
  from accounts a left join ledger l using (organization_id) where a.lifetime_used <> coalesce(l.used, 0)
  union all
  select 'active_jobs_are_queued_or_processing', a.organization_id, 'account', coalesce(c.active, 0)::text, a.active_jobs::text
  from accounts a left join job_counts c using (organization_id) where a.active_jobs <> coalesce(c.active, 0)
  union all
  select 'waiting_jobs_are_pending', a.organization_id, 'account', coalesce(c.waiting, 0)::text, a.waiting_jobs::text
  from accounts a left join job_counts c using (organization_id) where a.waiting_jobs <> coalesce(c.waiting, 0)
  union all
  select 'debt_is_what_debts_say', a.organization_id, 'account', coalesce(d.owed, 0)::text, a.debt::text
  from accounts a left join (
    select x.organization_id, sum(x.amount - x.collected - x.waived) as owed from public.credit_debts x
    where p_organization_id is null or x.organization_id = p_organization_id group by 1
  ) d using (organization_id) where a.debt <> coalesce(d.owed, 0)
  union all
  select 'debts_collected_are_in_the_ledger', coalesce(d.organization_id, t.organization_id), 'account', coalesce(d.collected, 0)::text, coalesce(t.collected, 0)::text
  from (
    select x.organization_id, sum(x.collected) as collected from public.credit_debts x
    where p_organization_id is null or x.organization_id = p_organization_id group by 1
  ) d
  full join (select x.organization_id, -sum(x.amount) as collected from transactions x where x.reference_type = 'debt' group by 1) t
    on t.organization_id = d.organization_id
  where coalesce(d.collected, 0) <> coalesce(t.collected, 0)
  -- Payments
  union all
  select 'payment_credits_are_in_the_ledger', p.organization_id, p.gateway || ' ' || p.gateway_payment_id, p.credits::text, coalesce(t.amount, 0)::text
  from paid p
  left join (
    select g.id, sum(x.amount) as amount
    from (select q.id, q.organization_id, q.gateway, unnest(q.grant_references) as reference from paid q) g
    join transactions x on x.organization_id = g.organization_id and x.reference_type = g.gateway and x.reference_id = g.reference
      and x.type in ('purchase', 'subscription')
    group by g.id
  ) t on t.id = p.id
  where p.credits <> coalesce(t.amount, 0)
  union all
  select 'payment_credits_taken_follow_from_its_claims', p.organization_id, p.gateway || ' ' || p.gateway_payment_id,
    private.credits_to_take(p.credits, p.amount_cents, coalesce(c.claimed, 0))::text, p.credits_taken::text
  from paid p
  left join (
    select x.payment_id, sum(x.amount_cents)::bigint as claimed from public.payment_claims x
    where x.is_active and (p_organization_id is null or x.organization_id = p_organization_id) group by 1
  ) c on c.payment_id = p.id
  where p.credits_taken <> private.credits_to_take(p.credits, p.amount_cents, coalesce(c.claimed, 0))
  -- API keys
  union all
  select 'key_usage_is_sum_of_jobs', coalesce(k.organization_id, u.organization_id), coalesce(k.api_key_id, u.api_key_id) || ' ' || coalesce(k.period_start, u.period_start),
    'held ' || coalesce(u.held, 0) || ' used ' || coalesce(u.used, 0), 'held ' || coalesce(k.credits_held, 0) || ' used ' || coalesce(k.credits_used, 0)
  from (select * from public.api_key_usage x where p_organization_id is null or x.organization_id = p_organization_id) k
  full join (
    select j.organization_id, j.api_key_id, private.budget_period(j.created_at) as period_start,
      sum(j.credits_held) filter (where j.status in ('pending', 'queued', 'processing')) as held, sum(j.credits_charged) as used
    from jobs j where j.api_key_id is not null group by 1, 2, 3
  ) u on u.organization_id = k.organization_id and u.api_key_id = k.api_key_id and u.period_start = k.period_start
  where (coalesce(k.credits_held, 0), coalesce(k.credits_used, 0)) <> (coalesce(u.held, 0), coalesce(u.used, 0))
  -- Projects
  union all
  select 'project_usage_is_sum_of_jobs', coalesce(k.organization_id, u.organization_id), coalesce(k.project_id, u.project_id) || ' ' || coalesce(k.period_start, u.period_start),
    coalesce(u.used, 0)::text, coalesce(k.credits_used, 0)::text
  from (select * from public.project_usage x where p_organization_id is null or x.organization_id = p_organization_id) k
  full join (
    select j.organization_id, j.project_id, private.budget_period(j.completed_at) as period_start, sum(j.credits_charged) as used
    from jobs j where j.project_id is not null and j.status = 'completed' and j.credits_charged > 0 group by 1, 2, 3
  ) u on u.organization_id = k.organization_id and u.project_id = k.project_id and u.period_start = k.period_start
  where coalesce(k.credits_used, 0) <> coalesce(u.used, 0)
  -- Ledger: every balance_after follows from the one before
  union all
  select 'balance_after_follows', t.organization_id, t.id::text, t.should_be::text, t.balance_after::text
  from (select x.*, sum(x.amount) over (partition by x.organization_id order by x.position) as should_be from transactions x) t
  where t.balance_after <> t.should_be
  -- Jobs and holds
  union all
  select 'live_job_has_open_hold', j.organization_id, j.id::text, 'held ' || j.credits_held, coalesce(h.status::text || ' ' || h.amount, 'no hold')
  from jobs j left join holds h on h.job_id = j.id
  where j.status in ('pending', 'queued', 'processing') and (h.status is distinct from 'held' or h.amount <> j.credits_held)
  union all
  select 'completed_job_captured_its_charge', j.organization_id, j.id::text, 'captured ' || j.credits_charged,
    coalesce(h.status::text || ' ' || h.captured_amount, 'no hold')
  from jobs j left join holds h on h.job_id = j.id
  where j.status = 'completed' and (h.status is distinct from 'captured' or h.captured_amount <> j.credits_charged or j.credits_charged > h.amount)
  union all
  select 'ended_job_released_its_hold', j.organization_id, j.id::text, 'released', coalesce(h.status::text, 'no hold')
  from jobs j left join holds h on h.job_id = j.id where j.status in ('failed', 'canceled') and h.status is distinct from 'released'
  union all
  select 'hold_has_its_job', h.organization_id, h.id::text, 'a job of the organization', coalesce(j.organization_id::text, 'none')
  from holds h left join public.ai_jobs j on j.id = h.job_id where j.organization_id is distinct from h.organization_id
  -- Jobs and ledger
  union all
  select 'job_has_its_usage_transaction', j.organization_id, j.id::text, (-j.credits_charged)::text, coalesce(t.amount::text, 'none')
  from jobs j
  left join transactions t on t.organization_id = j.organization_id and t.type = 'usage' and t.reference_type = 'job' and t.reference_id = j.id::text
  where coalesce(t.amount, 0) <> -j.credits_charged
  union all
  select 'usage_transaction_has_its_job', t.organization_id, t.id::text, 'a completed job', coalesce(j.status::text, 'none')
  from transactions t left join public.ai_jobs j on j.id = case t.reference_type when 'job' then t.reference_id::uuid end and j.organization_id = t.organization_id
  where t.type = 'usage' and t.reference_type = 'job' and j.status is distinct from 'completed'
  -- Jobs and outputs
  union all
  select 'completed_media_job_has_generations', j.organization_id, j.id::text, jsonb_array_length(j.output)::text, coalesce(g.count, 0)::text
  from jobs j left join (
    select x.job_id, count(*) from public.generations x where p_organization_id is null or x.organization_id = p_organization_id group by 1
  ) g on g.job_id = j.id
  where j.status = 'completed' and jsonb_typeof(j.output) = 'array' and (coalesce(g.count, 0) <> jsonb_array_length(j.output) or coalesce(g.count, 0) = 0)
  union all
  select 'only_completed_jobs_have_generations', j.organization_id, j.id::text, '0', count(*)::text
  from jobs j join public.generations g on g.job_id = j.id and (p_organization_id is null or g.organization_id = p_organization_id)
  where j.status <> 'completed' group by j.organization_id, j.id
  -- Attempts
  union all
  select 'completed_job_has_one_success', j.organization_id, j.id::text, '1', count(a.id) filter (where a.status = 'succeeded')::text
  from jobs j left join attempts a on a.job_id = j.id where j.status = 'completed'
  group by j.organization_id, j.id having count(a.id) filter (where a.status = 'succeeded') <> 1
  union all
  select 'ended_job_has_no_live_attempt', a.organization_id, a.id::text, 'ended', a.status::text
  from attempts a join jobs j on j.id = a.job_id where j.status in ('completed', 'failed', 'canceled') and a.status in ('intent', 'submitted', 'unknown')
  union all
  select 'attempt_uses_the_key_of_its_job', a.organization_id, a.id::text, j.key_source::text, a.key_source::text
  from attempts a join jobs j on j.id = a.job_id where a.key_source <> j.key_source
  union all
  select 'success_is_what_served_the_job', a.organization_id, a.id::text, j.served_provider || '/' || j.served_model, a.provider || '/' || a.model
  from attempts a join jobs j on j.id = a.job_id
  where a.status = 'succeeded' and (a.provider, a.model) is distinct from (j.served_provider, j.served_model)
  -- Usage
  union all
  select 'usage_daily_is_sum_of_jobs', coalesce(d.organization_id, u.organization_id), coalesce(d.day, u.day) || ' ' || coalesce(d.provider, u.provider) || '/' || coalesce(d.model, u.model),
    coalesce(u.jobs, 0) || ' jobs ' || coalesce(u.credits, 0) || ' credits ' || coalesce(u.cost_usd, 0) || ' usd',
    coalesce(d.jobs, 0) || ' jobs ' || coalesce(d.credits, 0) || ' credits ' || coalesce(d.cost_usd, 0) || ' usd'
  from (select * from public.usage_daily x where p_organization_id is null or x.organization_id = p_organization_id) d
  full join (select y.organization_id, y.day, y.provider, y.model, count(*) as jobs, sum(y.credits) as credits, sum(y.cost_usd) as cost_usd from job_usage y group by 1, 2, 3, 4) u
    on u.organization_id = d.organization_id and u.day = d.day and u.provider = d.provider and u.model = d.model
  where (coalesce(d.jobs, 0), coalesce(d.credits, 0), coalesce(d.cost_usd, 0)) <> (coalesce(u.jobs, 0), coalesce(u.credits, 0), coalesce(u.cost_usd, 0))
  union all
  select 'usage_by_user_is_sum_of_jobs', coalesce(d.organization_id, u.organization_id), coalesce(d.day, u.day) || ' ' || coalesce(d.user_id, u.user_id),
    coalesce(u.jobs, 0) || ' jobs ' || coalesce(u.credits, 0) || ' credits', coalesce(d.jobs, 0) || ' jobs ' || coalesce(d.credits, 0) || ' credits'
  from (select * from public.usage_by_user x where p_organization_id is null or x.organization_id = p_organization_id) d
  full join (select y.organization_id, y.day, y.user_id, count(*) as jobs, sum(y.credits) as credits from job_usage y group by 1, 2, 3) u
    on u.organization_id = d.organization_id and u.day = d.day and u.user_id = d.user_id
  where (coalesce(d.jobs, 0), coalesce(d.credits, 0)) <> (coalesce(u.jobs, 0), coalesce(u.credits, 0));
end
$$;
revoke execute on function public.verify_ledger(uuid) from public, anon, authenticated;
