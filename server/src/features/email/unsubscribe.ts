import { type OptionalCategory, unsubscribePath } from '@base/shared/contracts/email';
import { endpoint, type streamed } from '../../http/endpoint.ts';
import { readToken, tokenQuery } from './read-token.ts';
import { sendUnsubscribePage } from './unsubscribe-page.ts';

const off: Readonly<Record<OptionalCategory, object>> = {
  notice: { notice_emails: false },
  onboarding: { onboarding_emails: false },
  job: { job_emails: false },
};

export const unsubscribe = endpoint({
  method: 'post',
  path: unsubscribePath,
  tag: 'email',
  summary: 'Stop e-mails of a kind',
  description:
    'What the button of that page does, and mail programs by themselves (RFC 8058). It may be repeated; what the body says does not matter.',
  access: 'public',
  query: tokenQuery,
  responses: { 200: { description: 'A page that confirms it.', contentType: 'text/html' } },
  errors: ['not_found'],
  async handle({ query, deps, writer, response }): Promise<typeof streamed> {
    const { userId, category } = readToken(deps, query.token);
    const person = await writer.db
      .updateTable('users')
      .set(off[category])
      .where('id', '=', userId)
      .returning('language')
      .executeTakeFirst();
    // Somebody who is gone receives nothing either.
    return sendUnsubscribePage(response, { language: person?.language ?? 'en', category, isDone: true });
  },
});
