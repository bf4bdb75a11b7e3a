/** Scenarios around mule accounts, structured payments and stolen cards. */
import { DAY_MS, HOUR_MS, isBranchOpen, MINUTE_MS, OPENS_AT_HOUR } from '../calendar.ts';
import { type Customer, OWN_BANK, type Payee, payeeOf } from '../customers.ts';
import {
  atBranch,
  atShop,
  atTerminal,
  basket,
  CARD_3DS,
  CHIP_AND_PIN,
  cash,
  confirmation,
  type Details,
  event,
  fromOwnDevice,
  IN_PERSON,
  MAGSTRIPE_AND_PIN,
  PASSWORD,
  PASSWORD_AND_SMS,
  roundSum,
  USB_KEY,
  yuan,
} from '../draft.ts';
import { distanceKm } from '../geography.ts';
import type { Shop, Town } from '../places.ts';
import type { Draft } from '../transaction-message.ts';
import {
  type FraudScene,
  isActive,
  isPerson,
  muleAccount,
  type ScenarioSession,
  step,
  stepsOf,
  thiefOrigin,
  victimOf,
} from './episode.ts';

const total = (drafts: readonly Draft[]): number =>
  drafts.reduce((sum, draft) => sum + (draft.message.amountMinor ?? 0), 0) / 100;

/** A recruited student or worker lends the account: many victims pay in, minutes later everything is gone. */
export const muleFanIn: ScenarioSession = (scene) => {
  const { world, random } = scene;
  const mule = victimOf(
    scene,
    (customer) => isActive(customer) && (customer.segment === 'STUDENT' || customer.segment === 'RETAIL'),
  );
  const account: Payee = { accountId: mule.accountId, bankCode: OWN_BANK, country: 'CN' };
  let at = scene.atMs;
  const incoming: Draft[] = [];
  for (let sender = 0; sender < scene.payments; sender++) {
    at += step(scene, 18);
    const amount = roundSum(random, random.logNormal(scene.isPatient ? 900 : 5200, 0.7));
    let counterparty = payeeOf(random, world.customers.length);
    if (random.chance(0.4)) {
      const victim = victimOf(scene, (customer) => isActive(customer) && isPerson(customer) && customer !== mule);
      incoming.push(paidByCustomer(scene, victim, account, amount, at));
      counterparty = { accountId: victim.accountId, bankCode: OWN_BANK, country: 'CN' };
    }
    const credit = { ...yuan(amount), counterparty, authentication: PASSWORD };
    incoming.push(event(mule, at + random.between(300, 2500), 'MOBILE_BANKING', 'DEPOSIT', credit));
  }
  const credited = incoming.filter((draft) => draft.message.customerId === mule.id);
  return { fraud: [...incoming, ...cashOut(scene, mule, total(credited), at)], honest: [] };
};

/** A victim who is a customer of this bank as well. */
function paidByCustomer({ random }: FraudScene, victim: Customer, account: Payee, amount: number, atMs: number): Draft {
  return event(victim, atMs, victim.remoteChannel, 'TRANSFER', {
    ...fromOwnDevice(victim, random, atMs),
    ...yuan(amount),
    counterparty: account,
    authentication: confirmation(random, amount),
  });
}

function cashOut(scene: FraudScene, mule: Customer, amountYuan: number, lastInMs: number): readonly Draft[] {
  const { random } = scene;
  const steps = stepsOf(scene, mule, lastInMs + random.between(2, 25) * MINUTE_MS);
  const origin = random.chance(0.5) ? thiefOrigin(scene, mule.town) : fromOwnDevice(mule, random, lastInMs);
  steps.push('MOBILE_BANKING', 'LOGIN', 1, { ...origin, authentication: PASSWORD, attributes: { result: 'OK' } });
  let rest = amountYuan * random.between(0.88, 0.99);
  for (let piece = 0; piece < 4 && rest >= 100; piece++) {
    if (random.chance(0.35)) {
      const cash = Math.min(Math.floor(rest / 100) * 100, random.pick([2000, 3000, 5000]));
      const atm = atTerminal(random.pick(mule.town.atms));
      const card = { cardToken: mule.debitCard, authentication: CHIP_AND_PIN };
      steps.push('ATM', 'WITHDRAWAL', 4, { ...card, ...atm, ...yuan(cash) });
      rest -= cash;
      continue;
    }
    const amount = Math.max(10, Math.min(49_900, roundSum(random, piece === 3 ? rest : rest * random.between(0.4, 1))));
    const money = { ...origin, ...yuan(amount), counterparty: muleAccount(scene) };
    steps.push('MOBILE_BANKING', 'TRANSFER', 3, { ...money, authentication: PASSWORD_AND_SMS });
    rest -= amount;
  }
  return steps.drafts;
}

/** Dirty or borrowed money in pieces just below the 50,000 yuan that must be reported or certified, over all channels. */
export const thresholdSplitting: ScenarioSession = (scene) => {
  const { random } = scene;
  const person = victimOf(scene, (customer) => isActive(customer) && customer.balanceYuan > 60_000);
  const receivers = Array.from({ length: random.int(1, 3) }, () => muleAccount(scene));
  const opensAt = scene.day.startMs + OPENS_AT_HOUR * HOUR_MS;
  const nextMorning = (ms: number): number => opensAt + Math.ceil((ms - opensAt) / DAY_MS) * DAY_MS;
  let at = opensAt + random.between(0, 5) * HOUR_MS;
  const drafts = Array.from({ length: scene.payments }, () => {
    const amount = random.chance(0.5) ? random.pick([49_000, 49_500, 49_900, 48_000]) : random.int(43_000, 49_990);
    const draft = onePiece(scene, person, at, amount, random.pick(receivers));
    at = scene.isPatient ? nextMorning(at) + random.between(0, 7) * HOUR_MS : at + step(scene, 35);
    return draft;
  });
  return { fraud: drafts, honest: [] };
};

function onePiece(
  { world, random }: FraudScene,
  person: Customer,
  atMs: number,
  amount: number,
  receiver: Payee,
): Draft {
  const isOpen = isBranchOpen(atMs, world.parameters.bank.zoneOffsetMinutes);
  const remote = ['MOBILE_BANKING', 'ONLINE_BANKING', 'SELF_SERVICE'];
  const channel = random.pick(isOpen ? [...remote, 'COUNTER', 'COUNTER'] : remote);
  if (channel === 'COUNTER') {
    const isCash = random.chance(0.5);
    return event(person, atMs, channel, isCash ? random.pick(['DEPOSIT', 'WITHDRAWAL'] as const) : 'TRANSFER', {
      ...atBranch(random.pick(person.town.branches)),
      ...yuan(amount),
      ...(isCash ? {} : { counterparty: receiver }),
      authentication: IN_PERSON,
    });
  }
  const isKiosk = channel === 'SELF_SERVICE';
  return event(person, atMs, channel, 'TRANSFER', {
    ...(isKiosk
      ? { cardToken: person.debitCard, ...atTerminal(random.pick(person.town.kiosks)) }
      : fromOwnDevice(person, random, atMs)),
    ...yuan(amount),
    counterparty: receiver,
    authentication: isKiosk ? CHIP_AND_PIN : USB_KEY,
  });
}

/** A list of stolen cards is tried with tiny sums at one digital shop; those that work are used for real later. */
export const cardTesting: ScenarioSession = (scene) => {
  const { world, random } = scene;
  const shop = random.pick(world.places.digitalShops);
  const origin = thiefOrigin(scene, random.pick(world.places.towns));
  let at = scene.atMs;
  const drafts: Draft[] = [];
  for (let card = 0; card < scene.payments; card++) {
    const owner = victimOf(scene, (customer) => customer.creditCard !== null && isActive(customer));
    const hasCode = random.chance(0.15);
    for (let attempts = random.chance(0.25) ? 2 : 1; attempts > 0; attempts--) {
      at += step(scene, 0.8);
      drafts.push(cardNotPresent(owner, at, shop, random.pick([0.1, 0.5, 1, 1, 2, 6, 9.9, 12]), origin, hasCode));
    }
    if (random.chance(1 / 6)) {
      const target = random.pick(world.places.webShops);
      const amount = roundSum(random, random.logNormal(2400, 0.6));
      drafts.push(cardNotPresent(owner, at + random.between(0.2, 20) * HOUR_MS, target, amount, origin, hasCode));
    }
  }
  return { fraud: drafts, honest: [] };
};

const cardNotPresent = (
  owner: Customer,
  atMs: number,
  shop: Shop,
  amount: number,
  origin: Details,
  hasCode: boolean,
): Draft =>
  event(owner, atMs, 'CREDIT_CARD', 'PURCHASE', {
    cardToken: owner.creditCard ?? owner.debitCard,
    ...origin,
    merchant: { id: shop.id, mcc: shop.mcc, country: shop.country },
    ...yuan(amount),
    // phished one-time codes come with some of the cards
    authentication: hasCode ? CARD_3DS : [],
  });

/** A cloned magnetic stripe is used far away while the owner has just paid at home. */
export const counterfeitCard: ScenarioSession = (scene) => {
  const { random, cardUses } = scene;
  const use = cardUses.length > 0 && random.chance(0.85) ? random.pick(cardUses) : null;
  const owner = use?.customer ?? victimOf(scene, isActive);
  scene.usedVictims.add(owner.index);
  const town = farTown(scene, owner);
  let at = use === null ? scene.atMs : use.atMs + random.between(8, 150) * MINUTE_MS;
  const cardToken = use?.cardToken ?? owner.debitCard;
  const fraud = Array.from({ length: scene.payments }, () => {
    const draft = cloneUsed(scene, owner, cardToken, town, at);
    at += step(scene, 12);
    return draft;
  });
  return { fraud, honest: [] };
};

function farTown({ world, random }: FraudScene, owner: Customer): Town {
  const towns = random.chance(0.35) ? world.places.abroad : world.places.towns;
  for (let attempt = 0; attempt < 20; attempt++) {
    const town = random.pick(towns);
    if (distanceKm(town.city, owner.town.city) > 400) return town;
  }
  return random.pick(world.places.abroad);
}

function cloneUsed({ random }: FraudScene, owner: Customer, cardToken: string, town: Town, atMs: number): Draft {
  const isCredit = cardToken === owner.creditCard;
  if (!isCredit && random.chance(0.6)) {
    return event(owner, atMs, 'ATM', 'WITHDRAWAL', {
      cardToken,
      ...atTerminal(random.pick(town.atms)),
      ...cash(town, random.pick([1000, 2000, 2500, 3000, 5000])),
      authentication: MAGSTRIPE_AND_PIN,
    });
  }
  const shop = random.pick(town.shops);
  return event(owner, atMs, isCredit ? 'CREDIT_CARD' : 'POS', 'PURCHASE', {
    cardToken,
    ...atShop(shop, random),
    ...basket(shop, random, 6),
    authentication: random.chance(0.8) ? ['MAGSTRIPE', 'SIGNATURE'] : CHIP_AND_PIN,
  });
}
