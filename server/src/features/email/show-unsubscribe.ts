import { unsubscribePath } from '@base/shared/contracts/email';
import { endpoint, type streamed } from '../../http/endpoint.ts';
import { readToken, tokenQuery } from './read-token.ts';
import { sendUnsubscribePage } from './unsubscribe-page.ts';

export const showUnsubscribe = endpoint({
  method: 'get',
  path: unsubscribePath,
  tag: 'email',
  summary: 'The page that asks whether to stop e-mails of a kind',
  description: 'Where the link in e-mails leads. Changes nothing: mail programs open links to look at them.',
  access: 'public',
  query: tokenQuery,
  responses: { 200: { description: 'A page with a button.', contentType: 'text/html' } },
  errors: ['not_found'],
  async handle({ query, deps, response }): Promise<typeof streamed> {
    const { userId, category } = readToken(deps, query.token);
    const person = await deps.db.selectFrom('users').select('language').where('id', '=', userId).executeTakeFirst();
    return sendUnsubscribePage(response, { language: person?.language ?? 'en', category, isDone: false });
  },
});
