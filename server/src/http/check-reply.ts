import type { Endpoint, Reply } from './endpoint.ts';

/**
 * Compares an answer with what the endpoint declares: undeclared statuses, wrong fields and fields that the schema does
 * not list (rows must never leave). Used outside production only; returns what is wrong, or null.
 */
export function findReplyDrift(endpoint: Endpoint, reply: Reply): string | null {
  const declared = endpoint.responses[reply.status];
  if (declared === undefined) return `status ${reply.status} is not declared`;
  if (declared.body === undefined) return reply.body === undefined ? null : 'a body is not declared';
  // What goes out is JSON, so that is what is checked: a Date or undefined counts as its JSON form.
  const wire: unknown = reply.body === undefined ? undefined : JSON.parse(JSON.stringify(reply.body));
  const parsed = declared.body.safeParse(wire);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  }
  const extra = findUndeclared(wire, parsed.data, '');
  return extra === null ? null : `${extra} is not declared`;
}

function findUndeclared(sent: unknown, declared: unknown, path: string): string | null {
  if (typeof sent !== 'object' || sent === null || typeof declared !== 'object' || declared === null) return null;
  const known = new Map(Object.entries(declared));
  for (const [key, value] of Object.entries(sent)) {
    if (!known.has(key)) return `${path}/${key}`;
    const extra = findUndeclared(value, known.get(key), `${path}/${key}`);
    if (extra !== null) return extra;
  }
  return null;
}
