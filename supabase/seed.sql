-- Local demonstration data: puts the organization of the demo account on the professional plan, with its month of credits.
-- Safe to run again; does nothing where the account does not exist.
update public.organizations o set plan_id = 'professional', name = 'Demo studio'
from public.users u where u.organization_id = o.id and u.email = 'demo@example.com' and o.plan_id <> 'professional';

select public.credit_credits(array[u.organization_id], array['subscription'::public.transaction_type], array[2000::bigint],
  array['plan'], array['professional:demo'], array['Credits of the professional plan'], array[null::timestamptz], array[u.id])
from public.users u where u.email = 'demo@example.com';
