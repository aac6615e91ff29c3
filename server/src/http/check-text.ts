import type { FieldProblem } from '@base/shared/errors/api-error';

const depthMax = 32;
const problemsMax = 20;

/**
 * Finds text that Postgres cannot store (null characters, halves of surrogate pairs), names that would reach an
 * object's prototype, and nesting beyond 32 levels. Iterative, so that depth cannot exhaust the stack; run before the
 * schema, which recurses.
 */
export function checkText(value: unknown, pointer = ''): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const pending: { value: unknown; pointer: string; depth: number }[] = [{ value, pointer, depth: 0 }];
  for (let item = pending.pop(); item !== undefined && problems.length < problemsMax; item = pending.pop()) {
    if (typeof item.value === 'string') {
      const detail = findBadText(item.value);
      if (detail !== null) problems.push({ pointer: item.pointer, detail });
    } else if (typeof item.value === 'object' && item.value !== null) {
      if (item.depth >= depthMax) {
        problems.push({ pointer: item.pointer, detail: `must not be nested deeper than ${depthMax} levels` });
        continue;
      }
      for (const [key, child] of Object.entries(item.value)) {
        const at = `${item.pointer}/${escapePointer(key)}`;
        const detail = key === '__proto__' ? 'is not allowed' : findBadText(key);
        if (detail !== null) problems.push({ pointer: at.slice(0, 200), detail: `the name ${detail}` });
        else pending.push({ value: child, pointer: at, depth: item.depth + 1 });
      }
    }
  }
  return problems;
}

/** One step of a JSON pointer (RFC 6901), made safe to show. */
export function escapePointer(key: string): string {
  const shown = key.toWellFormed().replaceAll('\u0000', '\uFFFD').slice(0, 100);
  return shown.replaceAll('~', '~0').replaceAll('/', '~1');
}

function findBadText(text: string): string | null {
  if (text.includes('\u0000')) return 'must not contain null characters';
  if (!text.isWellFormed()) return 'must be valid Unicode, without halves of surrogate pairs';
  return null;
}
