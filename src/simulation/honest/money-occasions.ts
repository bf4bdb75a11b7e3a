/** Honest large, hurried, split or collected sums: the signs of scams, mules and structuring without the criminal. */
import { HOUR_MS, isBranchOpen } from '../calendar.ts';
import { payeeOf } from '../customers.ts';
import { branchFor, event, fromOwnDevice, IN_PERSON, PASSWORD, roundSum, USB_KEY, yuan } from '../draft.ts';
import { APPS, addPayee, login, pause, remember, type Session, transferTo, usualPayee } from './scene.ts';

/** Deposit and first rent to a landlord added a minute before. (telecom-scam, account-takeover) */
export const rentNewPayee: Session = (scene, atMs) => {
  const { random } = scene;
  const channel = random.pick(APPS);
  const session = login(scene, atMs, channel);
  const landlord = addPayee(scene, session, channel);
  const rent = roundSum(random, random.logNormal(2600, 0.45));
  if (random.chance(0.5)) transferTo(scene, session, channel, landlord, rent);
  transferTo(scene, session, channel, landlord, rent * random.int(1, 3));
  return session;
};

/** Savings in cash, before a holiday or for a wedding. (telecom-scam at the counter) */
export const largeCounterWithdrawal: Session = ({ customer, random }, atMs) => [
  event(customer, atMs, 'COUNTER', 'WITHDRAWAL', {
    ...branchFor(customer, random, atMs),
    ...yuan(Math.round(Math.min(49_000, random.logNormal(24_000, 0.5)) / 1000) * 1000 || 1000),
    authentication: IN_PERSON,
  }),
];

/** One large sum in pieces below the daily limit, over the channels at hand. (threshold-splitting) */
export const houseDeposit: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const zone = scene.world.parameters.bank.zoneOffsetMinutes;
  const seller = payeeOf(random, scene.world.customers.length);
  remember(customer, seller);
  let at = atMs;
  return Array.from({ length: random.int(2, 4) }, () => {
    const amount = random.pick([49_000, 49_900, 48_000, 45_000, 40_000, 30_000]);
    const isCounter = random.chance(0.3) && isBranchOpen(at, zone);
    const draft = event(customer, at, isCounter ? 'COUNTER' : random.pick(APPS), 'TRANSFER', {
      ...(isCounter ? branchFor(customer, random, at) : fromOwnDevice(customer, random, at)),
      ...yuan(amount),
      counterparty: seller,
      authentication: isCounter ? IN_PERSON : USB_KEY,
    });
    at += random.chance(0.6) ? pause(random, 20) : random.between(18, 26) * HOUR_MS;
    return draft;
  });
};

/** A large transfer to a new payee, at night or while somebody is on the telephone. (telecom-scam) */
export const familyEmergency: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const session = login(scene, atMs, 'MOBILE_BANKING');
  if (random.chance(0.4)) for (const { message } of session) message.attributes = { result: 'OK', onCall: true };
  const payee = random.chance(0.7) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  const amount = Math.min(50_000, roundSum(random, customer.balanceYuan * random.between(0.15, 0.8)));
  transferTo(scene, session, 'MOBILE_BANKING', payee, amount);
  if (random.chance(0.3)) transferTo(scene, session, 'MOBILE_BANKING', payee, roundSum(random, amount * 0.5));
  return session;
};

/** Many senders within hours, then most of it leaves again: gifts, class trips, group purchases. (mule-account) */
export const groupCollection: Session = (scene, atMs) => {
  const { world, customer, random } = scene;
  const gift = random.pick([88, 100, 188, 200, 300, 520, 600, 1000]);
  let at = atMs;
  const drafts = Array.from({ length: random.int(4, 12) }, () => {
    at += pause(random, 14);
    return event(customer, at, random.pick(['THIRD_PARTY_PAYMENT', 'MOBILE_BANKING', 'QR_CODE']), 'DEPOSIT', {
      ...yuan(gift * random.pick([1, 1, 1, 2])),
      counterparty: payeeOf(random, world.customers.length),
      authentication: PASSWORD,
    });
  });
  const total = drafts.reduce((sum, draft) => sum + (draft.message.amountMinor ?? 0), 0) / 100;
  const session = login(scene, at + random.between(0.3, 10) * HOUR_MS, 'MOBILE_BANKING');
  const payee = random.chance(0.4) ? addPayee(scene, session, 'MOBILE_BANKING') : usualPayee(customer, random);
  transferTo(scene, session, 'MOBILE_BANKING', payee, roundSum(random, total * random.between(0.7, 1)));
  return [...drafts, ...session];
};
