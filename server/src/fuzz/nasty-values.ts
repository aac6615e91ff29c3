import type { Random } from './random.ts';

/** None of these looks like anything that find-leak.ts takes for a leak: answers may repeat what they were sent. */
export const nastyTexts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\ufeff',
  '\u202egnp.exe',
  '\u200b\u200d',
  '🏳️‍🌈',
  '𝕏'.repeat(40),
  'Ａ',
  'İ',
  'Z\u0351\u036b\u0343'.repeat(30),
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '1e400',
  '0x10',
  'true',
  '[object Object]',
  '__proto__',
  'constructor',
  'constructor.prototype.isAdmin',
  'toString',
  'hasOwnProperty',
  "' or '1'='1",
  "'; drop table ai_jobs; --",
  '1); select pg_sleep(10); --',
  "' union all select null, null, null --",
  '$1',
  '%s%s%n',
  '%',
  '_',
  '\\',
  '{"$gt": ""}',
  '{"$where": "sleep(5000)"}',
  '\u0024{7*7}',
  '{{7*7}}',
  '<%= 7*7 %>',
  '#{7*7}',
  '\u0024{jndi:ldap://127.0.0.1:1/a}',
  'a\r\nSet-Cookie: role=admin',
  '%0d%0aX-Injected: 1',
  '<script>alert(1)</script>',
  '../../../../etc/passwd',
  '..%2f..%2f',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data/',
  'http://127.0.0.1:1/',
  'javascript:alert(1)',
  'data:text/html,x',
  '*',
  '(a+)+$',
  'a'.repeat(255),
  '9'.repeat(400),
  '2026-02-30T25:61:61Z',
  '+262142-12-31T23:59:59.999Z',
  '0000-00-00',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'admin',
];

/** What no field of ours may be set by, whatever its name means to us. */
export const massAssignments: Readonly<Record<string, unknown>> = {
  role: 'super_admin',
  organization_id: '00000000-0000-4000-8000-000000000001',
  user_id: '00000000-0000-4000-8000-000000000002',
  balance: 1_000_000,
  credits: 1_000_000,
  available: 1_000_000,
  credits_charged: 0,
  price: 0,
  is_active: true,
  plan_id: 'enterprise',
  plan: 'enterprise',
  id: '00000000-0000-4000-8000-000000000003',
  custom_limits: { concurrent_jobs: 1_000_000 },
  status: 'completed',
  email: 'somebody.else@fuzz.test',
  created_by: '00000000-0000-4000-8000-000000000002',
  deleted_at: null,
};

const pollutions: readonly string[] = [
  '{"__proto__":{"isAdmin":true,"role":"super_admin"}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '{"prototype":{"isAdmin":true}}',
  '{"toString":1,"valueOf":null,"hasOwnProperty":"x"}',
  '{"then":"x","toJSON":{}}',
];

/** JSON that JSON.stringify cannot write, see writeJson. */
export function rawJson(text: string): string {
  return `@@${text}@@`;
}

/** JSON as text, with what rawJson has marked as it is. */
export function writeJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll(/"@@(.*?)@@"/g, '$1');
}

const numbers = [
  '-0',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  '-1',
  '0.1',
  '2147483648',
  '1E3',
  '9223372036854775808',
];

/** Anything that JSON can say, and most of what no field expects. */
export function makeNasty(random: Random): unknown {
  switch (random.below(12)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
    case 3:
      return rawJson(random.pick(numbers));
    case 4:
      return [];
    case 5:
      return {};
    case 6:
      return JSON.parse(random.pick(pollutions));
    case 7:
      return [random.pick(nastyTexts), { [random.pick(nastyTexts)]: random.pick(nastyTexts) }];
    case 8:
      return nest(random.pick([5, 31, 32, 33, 200, 2_000]), random.chance(0.5));
    case 9:
      return random.pick(['x', 'é', '🙂']).repeat(random.pick([100, 101, 1_001, 2_001, 33_000, 100_000]));
    default:
      return random.pick(nastyTexts);
  }
}

/** Never deeper than JSON.stringify can go; deeper text is made by make-body.ts. */
function nest(depth: number, isArray: boolean): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = isArray ? [value] : { a: value };
  return value;
}

/** An array that is far too long for anything. */
export function makeLongArray(item: unknown): unknown[] {
  return Array.from({ length: 10_000 }, () => item);
}
