/** Scenarios in which somebody else controls, or is coached to empty, an account of the victim. */
import { CLOSES_AT_HOUR, HOUR_MS, isBranchOpen, MINUTE_MS, OPENS_AT_HOUR } from '../calendar.ts';
import type { Customer } from '../customers.ts';
import {
  atBranch,
  atShop,
  atTerminal,
  CHIP_AND_PIN,
  event,
  fromOwnDevice,
  IN_PERSON,
  PASSWORD,
  PASSWORD_AND_SMS,
  roundSum,
  SMS_CODE,
  yuan,
} from '../draft.ts';
import {
  attackOrigin,
  type Episode,
  emptyAccount,
  type FraudScene,
  isActive,
  isPerson,
  loot,
  muleAccount,
  nightOf,
  type ScenarioSession,
  step,
  stepsOf,
  thiefOrigin,
  victimOf,
} from './episode.ts';

/** Credentials from phishing or a leak: a foreign login, often at night, and the money goes to mules or into digital goods. */
export const accountTakeover: ScenarioSession = (scene) => {
  const { world, random } = scene;
  const victim = victimOf(scene, isActive);
  const isNight = random.chance(world.parameters.fraud.nightShare) && !scene.isPatient;
  const atMs = isNight ? nightOf(scene) : scene.atMs;
  const origin = attackOrigin(scene, victim, atMs);
  const channel = isPerson(victim)
    ? random.pick(['MOBILE_BANKING', 'MOBILE_BANKING', 'ONLINE_BANKING', 'WECHAT_BANKING'])
    : 'CORPORATE_ONLINE_BANKING';
  const steps = stepsOf(scene, victim, atMs);
  if (isPerson(victim) && random.chance(0.25)) {
    steps.push(channel, 'LOGIN', 1, { ...origin, authentication: PASSWORD, attributes: { result: 'OK' } });
    for (const amount of loot(scene, victim)) {
      const shop = random.pick(world.places.digitalShops);
      const goods = { ...origin, ...atShop(shop, random), ...yuan(Math.min(amount, 5000)), authentication: PASSWORD };
      steps.push('THIRD_PARTY_PAYMENT', 'PAYMENT', 2, goods);
    }
  } else {
    const theft = { channel, origin, passwordChange: 0.35, deviceBind: 0.3, limitChange: 0.25, payeeAdd: 0.7 };
    emptyAccount(scene, victim, steps, theft);
  }
  return { fraud: steps.drafts, honest: [] };
};

/** "Police", "customer service" or an investment: the victim pays, coached on the telephone, from the usual device and place. */
export const telecomScam: ScenarioSession = (scene) => {
  const { world, random } = scene;
  // seniors and students are approached most; everybody can fall for it
  const victim = victimOf(
    scene,
    (customer) => isActive(customer) && isPerson(customer) && (customer.segment !== 'RETAIL' || random.chance(0.5)),
  );
  const atMs = scene.day.startMs + random.between(8.5, 21.5) * HOUR_MS;
  if (victim.segment === 'SENIOR' && random.chance(0.4)) return scamAtTheCounter(scene, victim, atMs);
  const isOnCall = random.chance(world.parameters.fraud.onCallShare);
  const channel = victim.remoteChannel;
  const origin = fromOwnDevice(victim, random, atMs, victim.devices[0]);
  const attributes = isOnCall ? { result: 'OK', onCall: true } : { result: 'OK' };
  const steps = stepsOf(scene, victim, atMs);
  steps.push(channel, 'LOGIN', 1, { ...origin, authentication: PASSWORD, attributes });
  if (random.chance(0.3)) {
    steps.push(channel, 'LIMIT_CHANGE', 3, {
      ...origin,
      authentication: PASSWORD_AND_SMS,
      attributes: { limitYuan: 50_000 },
    });
  }
  let mule = muleAccount(scene);
  if (random.chance(0.75)) {
    steps.push(channel, 'PAYEE_ADD', 3, { ...origin, counterparty: mule, authentication: PASSWORD_AND_SMS });
  }
  const preparation = steps.drafts.length;
  // the first payment is small, to win trust
  // a patient caller still wants the savings, only over days
  for (const amount of [...loot({ ...scene, isPatient: false }, victim)].sort((a, b) => a - b)) {
    steps.push(channel, 'TRANSFER', 14, {
      ...origin,
      ...yuan(amount),
      counterparty: mule,
      authentication: PASSWORD_AND_SMS,
      ...(isOnCall ? { attributes: { onCall: true } } : {}),
    });
    if (random.chance(0.25)) mule = muleAccount(scene);
  }
  return { fraud: steps.drafts.slice(preparation), honest: steps.drafts.slice(0, preparation) };
};

function scamAtTheCounter(scene: FraudScene, victim: Customer, atMs: number): Episode {
  const { world, random, day } = scene;
  const openAt = day.startMs + OPENS_AT_HOUR * HOUR_MS;
  let at = Math.max(openAt, Math.min(atMs, openAt + 7 * HOUR_MS));
  const fraud = loot({ ...scene, isPatient: false }, victim)
    .slice(0, 2)
    .map((amount) => {
      const isCounter = isBranchOpen(at, world.parameters.bank.zoneOffsetMinutes) && random.chance(0.6);
      const draft = event(victim, at, isCounter ? 'COUNTER' : 'SELF_SERVICE', 'TRANSFER', {
        ...(isCounter ? atBranch(victim.branch) : atTerminal(random.pick(victim.town.kiosks))),
        ...(isCounter ? {} : { cardToken: victim.debitCard }),
        ...yuan(amount),
        counterparty: muleAccount(scene),
        authentication: isCounter ? IN_PERSON : CHIP_AND_PIN,
      });
      at += step(scene, 30);
      return draft;
    });
  return { fraud, honest: [] };
}

/** Nobody watches an unused account: the thief wakes it and takes what is there. */
export const dormantWoken: ScenarioSession = (scene) => {
  const { random } = scene;
  const victim = victimOf(scene, (customer) => customer.isDormant);
  const channel = random.pick(['MOBILE_BANKING', 'ONLINE_BANKING']);
  const steps = stepsOf(scene, victim, random.chance(0.4) ? nightOf(scene) : scene.atMs);
  const origin = thiefOrigin(scene, victim.town);
  if (random.chance(0.35)) {
    // a first small credit shows that the account still works
    steps.push('THIRD_PARTY_PAYMENT', 'DEPOSIT', 1, {
      ...yuan(random.pick([1, 5, 10, 100])),
      counterparty: muleAccount(scene),
      authentication: PASSWORD,
    });
  }
  const theft = { channel, origin, passwordChange: 0.55, deviceBind: 0.5, limitChange: 0.2, payeeAdd: 0.5 };
  emptyAccount(scene, victim, steps, theft);
  return { fraud: steps.drafts, honest: [] };
};

/** The number is moved to the thief's SIM; everything that is confirmed by SMS now belongs to the thief. */
export const simSwap: ScenarioSession = (scene) => {
  const { world, random } = scene;
  const victim = victimOf(scene, (customer) => isActive(customer) && isPerson(customer));
  const origin = thiefOrigin(scene, victim.town);
  const channel = random.pick(['MOBILE_BANKING', 'MOBILE_BANKING', 'WECHAT_BANKING']);
  const contact = random.pick(['PHONE_BANKING', 'PHONE_BANKING', 'SMS_BANKING', 'COUNTER']);
  const openAt = scene.day.startMs + random.between(OPENS_AT_HOUR, CLOSES_AT_HOUR - 0.4) * HOUR_MS;
  const steps = stepsOf(scene, victim, contact === 'COUNTER' ? openAt : scene.atMs);
  steps.push(contact, 'CONTACT_CHANGE', 1, {
    ...(contact === 'COUNTER' ? atBranch(random.pick(victim.town.branches)) : {}),
    authentication: contact === 'COUNTER' ? IN_PERSON : ['PHONE_PASSWORD'],
    attributes: { contact: 'PHONE' },
  });
  steps.push(channel, 'PASSWORD_CHANGE', 12, { ...origin, authentication: SMS_CODE });
  const theft = { channel, origin, passwordChange: 0, deviceBind: 0.8, limitChange: 0.3, payeeAdd: 0.6 };
  emptyAccount(scene, victim, steps, theft);
  if (random.chance(0.35)) {
    const town = random.chance(0.5) ? victim.town : random.pick(world.places.towns);
    const atMs = (steps.drafts.at(-1)?.occurredAtMs ?? scene.atMs) + random.between(4, 30) * MINUTE_MS;
    const cash = stepsOf(scene, victim, atMs);
    cash.push('ATM', 'WITHDRAWAL', 3, {
      ...atTerminal(random.pick(town.atms)),
      ...yuan(Math.max(100, Math.min(5000, roundSum(random, victim.balanceYuan * 0.1)))),
      authentication: SMS_CODE,
    });
    return { fraud: [...steps.drafts, ...cash.drafts], honest: [] };
  }
  return { fraud: steps.drafts, honest: [] };
};
