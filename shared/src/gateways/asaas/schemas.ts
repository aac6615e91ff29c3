import * as z from 'zod';
import { parseAmountCents } from './amount.ts';

// What BASE reads of Asaas' objects. Fields that are empty may be null or absent, and new ones may appear any day:
// only what nothing could be done without is required.

/** Whole cents of an amount that was parsed by `parseAsaasJson`. */
const cents = z.string().transform((text, context) => {
  try {
    return parseAmountCents(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not an amount with at most two decimals' });
    return z.NEVER;
  }
});

const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? null);

/** YYYY-MM-DD; the events of subscriptions write DD/MM/YYYY, and are turned round. */
const optionalDay = optionalText.transform((text) => {
  const [, day, month, year] = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(text ?? '') ?? [];
  return year === undefined ? text : `${year}-${month}-${day}`;
});

/** A status or a type: known words are listed for the reader, others pass and are for the caller to weigh. */
const word = z.string().min(1);

export const asaasCustomer = z.object({
  id: z.string().min(1),
  name: optionalText,
  email: optionalText,
  cpfCnpj: optionalText,
  externalReference: optionalText,
  deleted: z.boolean().default(false),
});
export type AsaasCustomer = z.infer<typeof asaasCustomer>;

const refund = z.object({
  dateCreated: optionalText,
  /** PENDING, CANCELLED, DONE */
  status: word,
  value: cents,
  description: optionalText,
});

export const asaasPayment = z
  .object({
    id: z.string().min(1),
    dateCreated: optionalText,
    customer: z.string().min(1),
    subscription: optionalText,
    checkoutSession: optionalText,
    externalReference: optionalText,
    description: optionalText,
    /** PIX, BOLETO, CREDIT_CARD, UNDEFINED */
    billingType: word,
    /** PENDING, CONFIRMED, RECEIVED, RECEIVED_IN_CASH, OVERDUE, REFUNDED, CHARGEBACK_REQUESTED … */
    status: word,
    value: cents,
    dueDate: optionalText,
    confirmedDate: optionalText,
    paymentDate: optionalText,
    clientPaymentDate: optionalText,
    invoiceUrl: optionalText,
    bankSlipUrl: optionalText,
    transactionReceiptUrl: optionalText,
    invoiceNumber: optionalText,
    deleted: z.boolean().default(false),
    creditCard: z
      .object({ creditCardNumber: optionalText, creditCardBrand: optionalText, creditCardToken: optionalText })
      .nullish()
      .transform((card) => card ?? null),
    chargeback: z
      .object({ status: optionalText, reason: optionalText })
      .nullish()
      .transform((chargeback) => chargeback ?? null),
    refunds: z
      .array(refund)
      .nullish()
      .transform((refunds) => refunds ?? []),
  })
  .transform(({ value, refunds, ...payment }) => ({
    ...payment,
    valueCents: value,
    refunds: refunds.map(({ value: part, ...rest }) => ({ ...rest, valueCents: part })),
  }));
export type AsaasPayment = z.infer<typeof asaasPayment>;

export const asaasSubscription = z
  .object({
    id: z.string().min(1),
    dateCreated: optionalDay,
    customer: z.string().min(1),
    checkoutSession: optionalText,
    externalReference: optionalText,
    billingType: word,
    /** WEEKLY, BIWEEKLY, MONTHLY, BIMONTHLY, QUARTERLY, SEMIANNUALLY, YEARLY */
    cycle: word,
    value: cents,
    /** Of the next payment that Asaas will make; those that are open already are due earlier. */
    nextDueDate: optionalDay,
    endDate: optionalDay,
    description: optionalText,
    /** ACTIVE, INACTIVE, EXPIRED */
    status: word,
    deleted: z.boolean().default(false),
  })
  .transform(({ value, ...subscription }) => ({ ...subscription, valueCents: value }));
export type AsaasSubscription = z.infer<typeof asaasSubscription>;

export const asaasCheckout = z.object({
  id: z.string().min(1),
  link: optionalText,
  /** ACTIVE, PAID, CANCELED, EXPIRED */
  status: optionalText,
  externalReference: optionalText,
  customer: optionalText,
});
export type AsaasCheckout = z.infer<typeof asaasCheckout>;

export const asaasPixQrCode = z.object({
  /** A PNG in base64. */
  encodedImage: z.string().min(1),
  /** What the payer copies and pastes. */
  payload: z.string().min(1),
  expirationDate: optionalText,
});
export type AsaasPixQrCode = z.infer<typeof asaasPixQrCode>;

export const asaasBoletoLine = z.object({
  /** The line of 47 digits that the payer types. */
  identificationField: z.string().min(1),
  nossoNumero: optionalText,
  barCode: optionalText,
});
export type AsaasBoletoLine = z.infer<typeof asaasBoletoLine>;

export const asaasWebhook = z.object({
  id: z.string().min(1),
  name: optionalText,
  url: z.string().min(1),
  enabled: z.boolean().default(true),
  /** After 15 failures in a row nothing more is sent until somebody resumes. */
  interrupted: z.boolean().default(false),
  sendType: optionalText,
});
export type AsaasWebhook = z.infer<typeof asaasWebhook>;

export const asaasDeleted = z.object({ id: z.string().min(1), deleted: z.boolean() });

/** A list's envelope around `item`. */
export function asaasList<Item extends z.ZodType>(item: Item) {
  return z.object({ hasMore: z.boolean(), data: z.array(item) });
}

const eventHead = { id: z.string().min(1), event: z.string().min(1), dateCreated: optionalText };

/** An event as it is delivered, after `parseAsaasJson`. Events about other things than these three have none of them. */
export const asaasEvent = z.object({
  ...eventHead,
  payment: asaasPayment.optional(),
  subscription: asaasSubscription.optional(),
  checkout: asaasCheckout.optional(),
});
export type AsaasEvent = z.infer<typeof asaasEvent>;
