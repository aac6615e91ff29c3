import type { Request } from 'express';
import type { FieldRules } from '../../field-rules.ts';
import { type AsaasAccount, newCustomerId, today } from './account.ts';
import { required } from './answer.ts';
import { isDocument, plainDocument } from './document.ts';
import { presentCustomer } from './present.ts';
import { type Body, presentList, query, readBody, textOrNull } from './read-request.ts';
import type { Customer } from './records.ts';
import { invalid } from './replies.ts';

const fields: FieldRules = {
  name: { type: 'string', min: 1, max: 100 },
  cpfCnpj: { type: 'string' },
  email: { type: 'string', pattern: /^[^\s@]+@[^\s@]+$/ },
  phone: { type: 'string' },
  mobilePhone: { type: 'string' },
  externalReference: { type: 'string', max: 100 },
  notificationDisabled: { type: 'boolean' },
};
const creation: FieldRules = {
  ...fields,
  name: { type: 'string', min: 1, max: 100, isRequired: true },
  cpfCnpj: { type: 'string', isRequired: true },
};

/** POST /customers. Nothing stops two with the same document, as with Asaas. */
export function createCustomer(account: AsaasAccount, req: Request) {
  const body = readBody(req, creation);
  const customer = account.customers.add({
    id: newCustomerId(),
    dateCreated: today(account),
    name: String(body.name),
    email: textOrNull(body.email),
    cpfCnpj: readDocument(body),
    mobilePhone: textOrNull(body.mobilePhone),
    externalReference: textOrNull(body.externalReference),
    notificationDisabled: body.notificationDisabled === true,
    cardOutcome: 'ok',
  });
  return presentCustomer(customer);
}

/** GET /customers/{id} */
export function getCustomer(account: AsaasAccount, req: Request) {
  return presentCustomer(required(account.customers.find(req.params.id)));
}

/** PUT /customers/{id} */
export function updateCustomer(account: AsaasAccount, req: Request) {
  const customer = required(account.customers.find(req.params.id));
  const body = readBody(req, fields);
  const changes: Partial<Customer> = {
    ...(typeof body.name === 'string' && { name: body.name }),
    ...(body.cpfCnpj !== undefined && { cpfCnpj: readDocument(body) }),
    ...(body.email !== undefined && { email: textOrNull(body.email) }),
    ...(body.mobilePhone !== undefined && { mobilePhone: textOrNull(body.mobilePhone) }),
    ...(body.externalReference !== undefined && { externalReference: textOrNull(body.externalReference) }),
    ...(typeof body.notificationDisabled === 'boolean' && { notificationDisabled: body.notificationDisabled }),
  };
  return presentCustomer(Object.assign(customer, changes));
}

/** GET /customers */
export function listCustomers(account: AsaasAccount, req: Request) {
  const document = query(req, 'cpfCnpj');
  const wanted: [keyof Customer, string | null][] = [
    ['externalReference', query(req, 'externalReference')],
    ['cpfCnpj', document === null ? null : plainDocument(document)],
    ['email', query(req, 'email')],
    ['name', query(req, 'name')],
  ];
  const matches = (customer: Customer) => wanted.every(([name, value]) => value === null || customer[name] === value);
  return presentList(req, account.customers.filter(matches), presentCustomer);
}

function readDocument({ cpfCnpj }: Body): string {
  if (!isDocument(cpfCnpj)) throw invalid('invalid_object', 'O CPF/CNPJ informado é inválido.');
  return plainDocument(cpfCnpj);
}
