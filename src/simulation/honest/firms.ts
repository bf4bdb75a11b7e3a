/** What firms do: payments to suppliers, the direct link, income, wages. */
import type { Customer, Payee } from '../customers.ts';
import { type Details, event, USB_KEY, yuan } from '../draft.ts';
import type { Random } from '../random.ts';
import { addPayee, lastAt, login, type Session, sameOrigin, think, transferTo, usualPayee } from './scene.ts';

const firmAmountYuan = (customer: Customer, random: Random): number =>
  Math.min(customer.balanceYuan * 0.6, random.logNormal(customer.segment === 'CORPORATE' ? 52_000 : 5200, 1.1));

export const firmPayments: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const session = login(scene, atMs, 'CORPORATE_ONLINE_BANKING');
  const origin = sameOrigin(session);
  let at = lastAt(session);
  for (let count = random.int(1, 3); count > 0; count--) {
    at += think(random, 70);
    session.push(
      event(customer, at, 'CORPORATE_ONLINE_BANKING', random.chance(0.7) ? 'TRANSFER' : 'PAYMENT', {
        ...origin,
        ...firmMoney(customer, random),
        counterparty: usualPayee(customer, random),
        authentication: USB_KEY,
      }),
    );
  }
  return session;
};

/** A few companies trade abroad. */
function firmMoney(customer: Customer, random: Random): Details {
  const amount = firmAmountYuan(customer, random);
  if (customer.segment !== 'CORPORATE' || !random.chance(0.06)) return yuan(amount);
  const currency = random.pick(['USD', 'USD', 'EUR', 'HKD', 'JPY']);
  return { amountMinor: Math.round(amount * (currency === 'JPY' ? 21 : 14)), currency };
}

export const directLink: Session = ({ customer, random }, atMs) => {
  let at = atMs;
  return Array.from({ length: random.int(1, 4) }, () => {
    at += random.between(0.2, 4) * 1000;
    return event(customer, at, 'DIRECT_LINK', 'TRANSFER', {
      ...yuan(firmAmountYuan(customer, random)),
      counterparty: usualPayee(customer, random),
      authentication: ['USB_KEY'],
    });
  });
};

export const firmIncome: Session = ({ customer, random }, atMs) => [
  event(customer, atMs, random.chance(0.6) ? 'THIRD_PARTY_PAYMENT' : 'DIRECT_LINK', 'DEPOSIT', {
    ...yuan(firmAmountYuan(customer, random)),
    counterparty: usualPayee(customer, random),
    authentication: ['USB_KEY'],
  }),
];

/** Suppliers are paid within the hour, some for the first time. (mule cash-out, account-takeover of a firm) */
export const invoiceDay: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const session = login(scene, atMs, 'CORPORATE_ONLINE_BANKING');
  for (let count = random.int(4, 8); count > 0; count--) {
    const payee = random.chance(0.25)
      ? addPayee(scene, session, 'CORPORATE_ONLINE_BANKING')
      : usualPayee(customer, random);
    transferTo(scene, session, 'CORPORATE_ONLINE_BANKING', payee, Math.round(firmAmountYuan(customer, random)));
  }
  return session;
};

/** Wages: one message per employee within a minute or two. (bursts of transfers) */
export const payroll: Session = ({ customer, random }, atMs) => {
  const channel = customer.segment === 'CORPORATE' ? 'DIRECT_LINK' : 'CORPORATE_ONLINE_BANKING';
  let at = atMs;
  return customer.employees.map((employee: Payee) => {
    at += random.between(0.5, 9) * 1000;
    return event(customer, at, channel, 'TRANSFER', {
      ...yuan(Math.round(random.logNormal(6200, 0.35))),
      counterparty: employee,
      authentication: USB_KEY,
      attributes: { purpose: 'SALARY' },
    });
  });
};
