/** Banking of a person: transfers, bills, cash, the counter, the telephone, and looking after the account. */
import { type Customer, newDevice, payeeOf } from '../customers.ts';
import {
  atmEntry,
  atShop,
  atTerminal,
  basket,
  branchFor,
  CHIP_AND_PIN,
  cash,
  type Details,
  event,
  fromOwnDevice,
  IN_PERSON,
  PASSWORD,
  PASSWORD_AND_SMS,
  roundSum,
  townOf,
  yuan,
} from '../draft.ts';
import type { Random } from '../random.ts';
import type { Draft } from '../transaction-message.ts';
import {
  addPayee,
  bindDevice,
  lastAt,
  login,
  type Scene,
  type Session,
  sameOrigin,
  think,
  transferTo,
  usualPayee,
} from './scene.ts';

/** What the customer usually sends: a share of what is there, mostly far below it. */
export const usualTransferYuan = (customer: Customer, random: Random): number =>
  roundSum(random, Math.min(customer.balanceYuan, random.logNormal(380 * customer.spending, 1.1)));

export const transfer: Session = (scene, atMs) => {
  const { world, customer, random } = scene;
  const channel = random.chance(0.8) ? customer.remoteChannel : random.pick(['MOBILE_BANKING', 'ONLINE_BANKING']);
  const session = login(scene, atMs, channel);
  const payee = random.chance(world.parameters.ordinary.newPayeeShare)
    ? addPayee(scene, session, channel)
    : usualPayee(customer, random);
  transferTo(scene, session, channel, payee, usualTransferYuan(customer, random));
  return session;
};

/** Pays a bill on the channel; the channels with a login show it first. */
function payBill(scene: Scene, atMs: number, channel: string, isRemote: boolean): Draft[] {
  const { customer, random } = scene;
  const biller = random.pick(customer.billers);
  const session = isRemote && random.chance(0.6) ? login(scene, atMs, channel) : [];
  session.push(
    event(customer, session.length === 0 ? atMs : lastAt(session) + think(random, 30), channel, 'PAYMENT', {
      ...(session.length > 0 ? sameOrigin(session) : isRemote ? fromOwnDevice(customer, random, atMs) : {}),
      ...atShop(biller, random),
      ...basket(biller, random, 1),
      authentication: PASSWORD,
    }),
  );
  return session;
}
export const bill: Session = (scene, atMs) => payBill(scene, atMs, scene.customer.remoteChannel, true);
export const look: Session = (scene, atMs) => login(scene, atMs, scene.customer.remoteChannel);

export const atmWithdrawal: Session = ({ customer, random }, atMs) => {
  const amount = Math.min(20, Math.max(1, Math.round(random.logNormal(9 * customer.spending, 0.7)))) * 100;
  const town = townOf(customer, atMs);
  return [
    event(customer, atMs, 'ATM', 'WITHDRAWAL', {
      cardToken: customer.debitCard,
      ...atTerminal(random.pick(town.atms)),
      ...cash(town, amount),
      authentication: atmEntry(random, town.city.country),
    }),
  ];
};

export const atmDeposit: Session = ({ customer, random }, atMs) => [
  event(customer, atMs, 'ATM', 'DEPOSIT', {
    cardToken: customer.debitCard,
    ...atTerminal(random.pick(townOf(customer, atMs).atms)),
    ...yuan(Math.max(1, Math.round(random.logNormal(20 * customer.spending, 0.7))) * 100),
    authentication: CHIP_AND_PIN,
  }),
];

export const counter: Session = ({ customer, random }, atMs) => {
  const type = random.pick(['DEPOSIT', 'DEPOSIT', 'WITHDRAWAL', 'WITHDRAWAL', 'TRANSFER'] as const);
  const amount = Math.max(1, Math.round(random.logNormal(42 * customer.spending, 0.9))) * 100;
  return [
    event(customer, atMs, 'COUNTER', type, {
      ...branchFor(customer, random, atMs),
      ...yuan(amount),
      ...(type === 'TRANSFER' ? { counterparty: usualPayee(customer, random) } : {}),
      authentication: IN_PERSON,
    }),
  ];
};

export const selfService: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const kiosk = atTerminal(random.pick(townOf(customer, atMs).kiosks));
  const base: Details = { cardToken: customer.debitCard, ...kiosk, authentication: CHIP_AND_PIN };
  const choice = random.next();
  if (choice < 0.4) return payBill(scene, atMs, 'SELF_SERVICE', false).map((draft) => withDetails(draft, base));
  const amount = roundSum(random, random.logNormal(1500 * customer.spending, 0.8));
  if (choice < 0.7) {
    const payee = usualPayee(customer, random);
    return [event(customer, atMs, 'SELF_SERVICE', 'TRANSFER', { ...base, ...yuan(amount), counterparty: payee })];
  }
  return [event(customer, atMs, 'SELF_SERVICE', 'DEPOSIT', { ...base, ...yuan(Math.ceil(amount / 100) * 100) })];
};

function withDetails(draft: Draft, details: Details): Draft {
  Object.assign(draft.message, details);
  return draft;
}

export const phone: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const voice: Details = { authentication: ['PHONE_PASSWORD'], attributes: { result: 'OK' } };
  const session = [event(customer, atMs, 'PHONE_BANKING', 'LOGIN', voice)];
  if (random.chance(0.35)) return session;
  const amount = roundSum(random, random.logNormal(600 * customer.spending, 0.8));
  session.push(
    event(customer, atMs + think(random, 120), 'PHONE_BANKING', 'TRANSFER', {
      ...yuan(amount),
      counterparty: usualPayee(customer, random),
      authentication: ['PHONE_PASSWORD'],
    }),
  );
  return session;
};

export const sms: Session = (scene, atMs) => {
  const { customer, random } = scene;
  if (random.chance(0.6)) return payBill(scene, atMs, 'SMS_BANKING', false);
  return [
    event(customer, atMs, 'SMS_BANKING', 'TRANSFER', {
      ...yuan(roundSum(random, random.logNormal(260, 0.6))),
      counterparty: usualPayee(customer, random),
      authentication: ['SMS_OTP'],
    }),
  ];
};
export const television: Session = (scene, atMs) => payBill(scene, atMs, 'TV_BANKING', false);

export const maintenance: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const channel = customer.remoteChannel;
  const session = login(scene, atMs, channel);
  const type = random.pick([
    'LIMIT_CHANGE',
    'LIMIT_CHANGE',
    'CONTACT_CHANGE',
    'PASSWORD_CHANGE',
    'PASSWORD_CHANGE',
    'PAYEE_ADD',
    'PAYEE_ADD',
    'DEVICE_BIND',
  ] as const);
  if (type === 'PAYEE_ADD') {
    addPayee(scene, session, channel);
    return session;
  }
  const details: Details = { ...sameOrigin(session), authentication: PASSWORD_AND_SMS };
  if (type === 'DEVICE_BIND') {
    const device = newDevice(random);
    if (customer.devices.length < 4) customer.devices.push(device);
    session.push(bindDevice(scene, lastAt(session) + think(random, 60), channel, device));
    return session;
  }
  if (type === 'LIMIT_CHANGE') details.attributes = { limitYuan: random.pick([5000, 10_000, 20_000, 50_000, 100_000]) };
  session.push(event(customer, lastAt(session) + think(random, 60), channel, type, details));
  return session;
};

/** Somebody pays: friends, parents, an insurance. */
export const income: Session = ({ world, customer, random }, atMs) => [
  event(customer, atMs, random.chance(0.7) ? 'MOBILE_BANKING' : 'THIRD_PARTY_PAYMENT', 'DEPOSIT', {
    ...yuan(roundSum(random, random.logNormal(420 * customer.spending, 1))),
    counterparty: random.chance(0.6) ? usualPayee(customer, random) : payeeOf(random, world.customers.length),
    authentication: PASSWORD,
  }),
];
