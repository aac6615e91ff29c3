import { findUrlProblem } from '@base/shared/http-client/check-public-url';
import type { Deps } from '../deps.ts';
import { invalidRequest } from '../http/parse-input.ts';

/**
 * Whether messages may be sent to this URL, as far as it shows; what its name leads to is checked at each message.
 * @throws ApiError invalid_request
 */
export function checkWebhookUrl(url: string, deps: Deps, pointer: string): void {
  const problem = findUrlProblem(url, deps.config.PRIVATE_HOSTS_ALLOWED);
  if (problem !== null) throw invalidRequest([{ pointer, detail: problem }]);
}
