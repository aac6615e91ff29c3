import type { Asaas } from '@base/shared/gateways/asaas/client';
import type { AsaasPayment } from '@base/shared/gateways/asaas/schemas';

/** What the payer needs to have: a QR code, or the line of a boleto. */
export async function readInstructions(
  asaas: Asaas,
  method: 'pix' | 'boleto',
  { id, bankSlipUrl, dueDate }: AsaasPayment,
): Promise<Record<string, unknown>> {
  if (method === 'pix') {
    const { encodedImage, payload, expirationDate } = await asaas.getPixQrCode(id);
    return { type: 'pix', qr_code_png: encodedImage, copy_paste: payload, expires_at: toMoment(expirationDate) };
  }
  const { identificationField: line } = await asaas.getBoletoLine(id);
  return { type: 'boleto', line, pdf_url: bankSlipUrl, due_on: dueDate };
}

/** `YYYY-MM-DD HH:MM:SS` in Brazil, which is three hours behind all year. */
function toMoment(text: string | null): string | null {
  const moment = new Date(`${text?.replace(' ', 'T')}-03:00`);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
