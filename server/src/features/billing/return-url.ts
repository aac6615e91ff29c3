import type { Deps } from '../../deps.ts';
import { invalidRequest } from '../../http/parse-input.ts';

/**
 * Where a gateway's page sends the payer back to: a page of our own applications, or any link could lead through our
 * checkout to anywhere.
 * @throws ApiError invalid_request
 */
export function readReturnUrl(deps: Deps, field: string, wanted: string | undefined): string {
  const origins = deps.config.CORS_ORIGINS.map((origin) => origin.replace(/\/+$/, ''));
  if (wanted === undefined) {
    const origin = origins.find((candidate) => /^https?:/.test(candidate)) ?? deps.publicUrl;
    return `${origin}/billing`;
  }
  const url = new URL(wanted);
  if (origins.includes(url.origin) && url.username === '' && url.password === '') return url.href;
  throw invalidRequest([{ pointer: `/${field}`, detail: 'must be at one of the API’s allowed origins' }]);
}
