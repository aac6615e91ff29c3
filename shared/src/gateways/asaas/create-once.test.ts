import { expect, it, vi } from 'vitest';
import { GatewayError } from '../gateway-error.ts';
import { createOnce } from './create-once.ts';

const unknown = () => new GatewayError('unknown_outcome', 'no answer');
const lookUpDelaysMs = [1, 1];

it('creates nothing when it is there already', async () => {
  const create = vi.fn();
  expect(await createOnce({ find: async () => 'here', create })).toBe('here');
  expect(create).not.toHaveBeenCalled();
});

it('looks up what was not answered, and does not create it again', async () => {
  const found = [null, null, 'made'];
  const create = vi.fn().mockRejectedValue(unknown());
  expect(await createOnce({ find: async () => found.shift() ?? null, create, lookUpDelaysMs })).toBe('made');
  expect(create).toHaveBeenCalledTimes(1);
});

it('leaves the outcome unknown when nothing turns up, also when it cannot look', async () => {
  const create = vi.fn().mockRejectedValue(unknown());
  const find = vi.fn<() => Promise<string | null>>().mockResolvedValueOnce(null);
  find.mockRejectedValueOnce(new GatewayError('unavailable', 'down')).mockResolvedValue(null);
  await expect(createOnce({ find, create, lookUpDelaysMs })).rejects.toMatchObject({ kind: 'unknown_outcome' });
  expect([create.mock.calls.length, find.mock.calls.length]).toEqual([1, 3]);
});

it.each(['invalid', 'unauthorized', 'rate_limited', 'unavailable'] as const)(
  'passes %s on without looking: nothing was created',
  async (kind) => {
    const find = vi.fn<() => Promise<string | null>>().mockResolvedValue(null);
    const create = () => Promise.reject(new GatewayError(kind, 'refused'));
    await expect(createOnce({ find, create, lookUpDelaysMs })).rejects.toMatchObject({ kind });
    expect(find).toHaveBeenCalledTimes(1);
  },
);

it('creates nothing when it cannot look first', async () => {
  const create = vi.fn();
  const find = () => Promise.reject(new GatewayError('unavailable', 'down'));
  await expect(createOnce({ find, create })).rejects.toMatchObject({ kind: 'unavailable' });
  expect(create).not.toHaveBeenCalled();
});
