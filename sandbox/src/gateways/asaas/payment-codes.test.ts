import sharp from 'sharp';
import { expect, test } from 'vitest';
import { isDocument } from './document.ts';
import { boletoCodes, brCode, crc16, drawQrCode, encodeBoleto } from './payment-codes.ts';

/** Splits a BR Code into its fields. */
function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const length = Number(text.slice(at + 2, at + 4));
    fields.set(text.slice(at, at + 2), text.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

test("the check sum of the Central Bank's own example is right", () => {
  const example =
    '00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000' +
    '5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***6304';
  expect(crc16(example).toString(16)).toBe('1d3d');
});

test('a BR Code says what is to be paid and ends with its check sum', () => {
  const text = brCode('pay_abc', 123_456);
  const fields = readFields(text);
  expect(fields.get('54')).toBe('1234.56');
  expect(fields.get('53')).toBe('986');
  expect(readFields(fields.get('26') ?? '').get('00')).toBe('br.gov.bcb.pix');
  expect(fields.get('63')).toBe(crc16(text.slice(0, -4)).toString(16).toUpperCase().padStart(4, '0'));
});

test('the QR code is a square picture', async () => {
  const picture = await sharp(Buffer.from(await drawQrCode(brCode('pay_abc', 1_990)), 'base64')).metadata();
  expect(picture).toMatchObject({ format: 'png', width: picture.height });
});

test("the line and the bars are those of the example in Asaas' documentation", () => {
  expect(encodeBoleto('001', 8789, 5_000, '0000002759288002193297817')).toEqual({
    identificationField: '00190000090275928800021932978170187890000005000',
    barCode: '00191878900000050000000002759288002193297817',
  });
});

test('a boleto says what is to be paid and when', () => {
  const { identificationField, barCode, nossoNumero } = boletoCodes('6453', 4_990, '2030-03-08');
  expect(identificationField).toMatch(/^4619\d{43}$/);
  expect(nossoNumero).toBe('6453');
  // 1840 days after 22 February 2025, which was day 1000; then the cents.
  expect(barCode.slice(5, 19)).toBe('28400000004990');
});

test.each([
  ['529.982.247-25', true],
  ['52998224724', false],
  ['111.111.111-11', false],
  ['11.222.333/0001-81', true],
  ['11222333000182', false],
  ['12.ABC.345/01DE-35', true],
  ['12ABC34501DE36', false],
  ['123', false],
  ['', false],
])('%j is a document: %s', (text, isRight) => {
  expect(isDocument(text)).toBe(isRight);
});
