import { expect, it } from 'vitest';
import { isTaxId, plainTaxId } from './tax-id.ts';

it.each(['529.982.247-25', '24971563792', '11.444.777/0001-61', '12.ABC.345/01DE-35', '12abc34501de35'])(
  'takes %s',
  (text) => {
    expect(isTaxId(text)).toBe(true);
  },
);

it.each([
  ['', 'nothing'],
  ['529.982.247-26', 'a last digit that is wrong'],
  ['529.982.247-35', 'a digit before it that is wrong'],
  ['111.111.111-11', 'one digit, again and again'],
  ['00000000000000', 'zeros'],
  ['11.444.777/0001-62', 'a CNPJ with a wrong digit'],
  ['12ABC34501DEAB', 'letters as check digits'],
  ['5299822472', 'too short'],
])('refuses %j: %s', (text) => {
  expect(isTaxId(text)).toBe(false);
});

it('leaves the separators out', () => {
  expect(plainTaxId(' 12.abc.345/01DE-35')).toBe('12ABC34501DE35');
});
