import QRCode from 'qrcode';
import type { Day } from './dates.ts';

/** The text that a payer's bank reads from the QR code: a dynamic BR Code of the Central Bank, with its CRC-16. */
export function brCode(paymentId: string, valueCents: number): string {
  const account = field('00', 'br.gov.bcb.pix') + field('25', `pix.sandbox.example/qr/v2/cobv/${paymentId}`);
  const text = [
    field('00', '01'),
    field('01', '12'), // may be paid once
    field('26', account),
    field('52', '0000'),
    field('53', '986'),
    field('54', (valueCents / 100).toFixed(2)),
    field('58', 'BR'),
    field('59', 'SANDBOX'),
    field('60', 'SAO PAULO'),
    field('62', field('05', '***')),
    '6304',
  ].join('');
  return text + crc16(text).toString(16).toUpperCase().padStart(4, '0');
}

/** A PNG of the code, in base64. */
export async function drawQrCode(text: string): Promise<string> {
  const png = await QRCode.toBuffer(text, { type: 'png', errorCorrectionLevel: 'M' });
  return png.toString('base64');
}

function field(id: string, value: string): string {
  return id + String(value.length).padStart(2, '0') + value;
}

/** CRC-16/CCITT-FALSE, which the BR Code ends with. */
export function crc16(text: string): number {
  let crc = 0xffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

export interface BoletoCodes {
  /** 47 digits to type. */
  identificationField: string;
  nossoNumero: string;
  /** 44 digits of the bars. */
  barCode: string;
}

const bank = '461'; // Asaas' own number among the banks
const currency = '9';
/** Due dates are counted in days from here, in numbers of four digits that began again at 1000 in 2025. */
const factorStart = Date.UTC(2025, 1, 22) - 1000 * 86_400_000;

/** The line and the bars of a boleto of Asaas. */
export function boletoCodes(nossoNumero: string, valueCents: number, dueDate: Day): BoletoCodes {
  const factor = 1000 + ((Math.round((Date.parse(dueDate) - factorStart) / 86_400_000) - 1000) % 9000);
  return { nossoNumero, ...encodeBoleto(bank, factor, valueCents, nossoNumero.padStart(25, '0')) };
}

/** Puts the figures of a boleto into its line and its bars, with all check digits. `free` are the bank's own 25 digits. */
export function encodeBoleto(bankCode: string, factor: number, valueCents: number, free: string) {
  const value = String(valueCents).padStart(10, '0');
  const check = modulo11(bankCode + currency + factor + value + free);
  const parts = [bankCode + currency + free.slice(0, 5), free.slice(5, 15), free.slice(15)];
  return {
    identificationField: [...parts.map((part) => part + modulo10(part)), check, `${factor}${value}`].join(''),
    barCode: `${bankCode}${currency}${check}${factor}${value}${free}`,
  };
}

function modulo10(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const product = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (product > 9 ? product - 9 : product);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

function modulo11(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, index) => total + Number(digit) * (2 + (index % 8)), 0);
  const rest = 11 - (sum % 11);
  return rest > 9 ? 1 : rest;
}
