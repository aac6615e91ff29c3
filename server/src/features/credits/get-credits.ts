import { credits } from '@base/shared/contracts/credits';
import { ApiError } from '@base/shared/errors/api-error';
import { sql } from 'kysely';
import { endpoint, ok } from '../../http/endpoint.ts';

interface Grant {
  source: string;
  remaining: number;
  expires_at: string | null;
}

export const getCredits = endpoint({
  method: 'get',
  path: '/credits',
  tag: 'credits',
  summary: 'The organization’s account: what can be spent, what is on hold, what was used',
  access: 'credits:read',
  responses: { 200: { description: 'The account.', body: credits } },
  async handle({ deps, principal }) {
    const row = await deps.db
      .selectFrom('credit_balances as b')
      .selectAll('b')
      // One round trip: the grants come along as JSON, in the order in which they are spent.
      .select(
        sql<
          Grant[]
        >`(select coalesce(json_agg(json_build_object('source', g.source, 'remaining', g.remaining, 'expires_at', g.expires_at)
          order by g.expires_at nulls last, g.created_at, g.id), '[]')
          from public.credit_grants g where g.organization_id = b.organization_id and g.remaining > 0)`.as('grants'),
      )
      .where('b.organization_id', '=', principal.organizationId)
      .executeTakeFirst();
    if (row === undefined) throw new ApiError('not_found');
    return ok({
      available: row.available ?? 0,
      held: row.held,
      balance: row.balance,
      owed: row.debt,
      lifetime_purchased: row.lifetime_purchased,
      lifetime_used: row.lifetime_used,
      lifetime_bonus: row.lifetime_bonus,
      period: {
        start: row.period_start.toISOString(),
        end: row.period_end.toISOString(),
        credits_used: row.period_credits_used,
        images: row.period_images,
        videos: row.period_videos,
        audio_seconds: row.period_audio_seconds,
      },
      grants: row.grants.map((grant) => ({
        source: grant.source,
        remaining: grant.remaining,
        expires_at: grant.expires_at === null ? null : new Date(grant.expires_at).toISOString(),
      })),
    });
  },
});
