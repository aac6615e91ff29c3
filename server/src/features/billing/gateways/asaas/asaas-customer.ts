import { addCustomer, findCustomer, forgetCustomer } from '@base/shared/db/queries/gateway-records';
import type { Asaas } from '@base/shared/gateways/asaas/client';
import { createOnce } from '@base/shared/gateways/asaas/create-once';
import { isTaxId, plainTaxId } from '@base/shared/gateways/asaas/tax-id';
import { type GatewayError, isGatewayError } from '@base/shared/gateways/gateway-error';
import { invalidRequest } from '../../../../http/parse-input.ts';
import type { GatewayOrder, PayerData } from '../gateway.ts';

/** Two quick looks: somebody is waiting, and the next try looks again. */
export const lookUpDelaysMs = [500, 2_000];

/**
 * Does something with the organization's customer, who is made of what the order says of the payer when there is none,
 * or when Asaas has removed the one we know. Who the payer is is kept at Asaas only.
 * @throws ApiError invalid_request when nobody has said yet who the payer is
 */
export async function withAsaasCustomer<T>(
  asaas: Asaas,
  { pool, payer, payerData }: GatewayOrder,
  act: (customerId: string) => Promise<T>,
): Promise<T> {
  const known = await findCustomer(pool, 'asaas', payer.organizationId);
  const make = async () => {
    const data = checkPayerData(payerData);
    const id = await makeCustomer(asaas, payer.organizationId, { email: payer.email, ...data });
    return addCustomer(pool, 'asaas', payer.organizationId, id);
  };
  if (known === null) return act(await make());
  try {
    return await act(known);
  } catch (error) {
    if (!isGatewayError(error, 'invalid') || !error.codes.includes('invalid_customer')) throw error;
    await forgetCustomer(pool, 'asaas', known);
    return act(await make());
  }
}

function checkPayerData(data: PayerData | null): PayerData {
  if (data === null) {
    throw invalidRequest([
      { pointer: '/customer', detail: 'is required for the first order: who pays, with CPF or CNPJ' },
    ]);
  }
  if (!isTaxId(data.taxId)) {
    throw invalidRequest([{ pointer: '/customer/cpf_cnpj', detail: 'must be a CPF or CNPJ with right check digits' }]);
  }
  return data;
}

async function makeCustomer(
  asaas: Asaas,
  organizationId: string,
  { name, taxId, email }: { name: string; taxId: string; email: string },
): Promise<string> {
  try {
    const customer = await createOnce({
      find: () => asaas.findCustomer(organizationId),
      create: () =>
        asaas.createCustomer({ name, cpfCnpj: plainTaxId(taxId), email, externalReference: organizationId }),
      lookUpDelaysMs,
    });
    return customer.id;
  } catch (error) {
    // What is wrong with a person's data is for that person to put right.
    if (!isGatewayError(error, 'invalid')) throw error;
    throw invalidRequest([{ pointer: '/customer', detail: `is refused by Asaas: ${describe(error)}` }]);
  }
}

function describe({ codes }: GatewayError): string {
  return codes.join(', ') || 'no reason was given';
}
