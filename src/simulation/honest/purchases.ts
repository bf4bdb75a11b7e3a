/** Purchases: street shops, web shops, cards, QR codes; also the bursts and the second card that look like card fraud. */
import { MINUTE_MS } from '../calendar.ts';
import {
  atShop,
  basket,
  CARD_3DS,
  CHIP_AND_PIN,
  type Details,
  event,
  FACE,
  fromOwnDevice,
  PASSWORD,
  townOf,
  yuan,
} from '../draft.ts';
import type { Shop } from '../places.ts';
import type { Random } from '../random.ts';
import type { Scene, Session } from './scene.ts';

const deviceOf = ({ device }: Details): Details => (device === undefined ? {} : { device });

/** Old terminals, many of them abroad, still read the stripe. */
function cardPresent(random: Random, shop: Shop): readonly string[] {
  if (random.chance(shop.country === 'CN' ? 0.02 : 0.2)) return ['MAGSTRIPE', 'SIGNATURE'];
  return random.chance(0.3) ? ['CONTACTLESS'] : CHIP_AND_PIN;
}

function shopFor({ customer, random }: Scene, atMs: number): Shop {
  const town = townOf(customer, atMs);
  return town === customer.town && random.chance(0.8) ? random.pick(customer.shops) : random.pick(town.shops);
}

export const qr: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const shop = shopFor(scene, atMs);
  return [
    event(customer, atMs, 'QR_CODE', 'PURCHASE', {
      ...fromOwnDevice(customer, random, atMs, customer.devices[0]),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 0.7),
      authentication: random.chance(0.6) ? FACE : PASSWORD,
    }),
  ];
};

export const pos: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const shop = shopFor(scene, atMs);
  return [
    event(customer, atMs, 'POS', 'PURCHASE', {
      cardToken: customer.debitCard,
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.6),
      authentication: cardPresent(random, shop),
    }),
  ];
};

export const creditCard: Session = (scene, atMs) => {
  const { customer, random } = scene;
  const isOnline = random.chance(0.45);
  // one in three web shops keeps the card and asks for nothing
  const online = random.chance(0.35) ? [] : CARD_3DS;
  const shop = isOnline ? random.pick(customer.webShops) : shopFor(scene, atMs);
  return [
    event(customer, atMs, 'CREDIT_CARD', 'PURCHASE', {
      cardToken: customer.creditCard ?? customer.debitCard,
      ...(isOnline ? deviceOf(fromOwnDevice(customer, random, atMs)) : {}),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.8),
      authentication: isOnline ? online : cardPresent(random, shop),
    }),
  ];
};

export const webPayment: Session = ({ world, customer, random }, atMs) => {
  const shop = random.chance(0.06) ? random.pick(world.places.digitalShops) : random.pick(customer.webShops);
  return [
    event(customer, atMs, 'THIRD_PARTY_PAYMENT', 'PAYMENT', {
      ...fromOwnDevice(customer, random, atMs),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending),
      authentication: random.chance(0.6) ? FACE : PASSWORD,
    }),
  ];
};

/** Small sums to one digital shop in a few minutes. (card-testing) */
export const microPayments: Session = ({ world, customer, random }, atMs) => {
  const shop = random.pick(world.places.digitalShops);
  const origin = fromOwnDevice(customer, random, atMs);
  const isCard = customer.creditCard !== null && random.chance(0.4);
  let at = atMs;
  return Array.from({ length: random.int(3, 8) }, () => {
    at += (0.2 + random.exponential(1.5)) * MINUTE_MS;
    return event(customer, at, isCard ? 'CREDIT_CARD' : 'THIRD_PARTY_PAYMENT', isCard ? 'PURCHASE' : 'PAYMENT', {
      ...origin,
      ...(isCard ? { cardToken: customer.creditCard ?? customer.debitCard } : {}),
      ...atShop(shop, random),
      ...yuan(random.pick([0.1, 1, 1, 3, 6, 6, 9.9, 12, 18, 30, 68])),
      authentication: PASSWORD,
    });
  });
};

/** Purchases in the first hour of the sale or in its evening. (card-testing, night) */
export const festivalPurchases: Session = ({ world, customer, random }, atMs) => {
  const [low, high] = world.parameters.festival.purchases;
  let at = atMs;
  return Array.from({ length: random.int(low, high) }, () => {
    at += (0.5 + random.exponential(6)) * MINUTE_MS;
    const shop = random.pick(world.places.webShops);
    const isCard = customer.creditCard !== null && random.chance(0.3);
    return event(customer, at, isCard ? 'CREDIT_CARD' : 'THIRD_PARTY_PAYMENT', isCard ? 'PURCHASE' : 'PAYMENT', {
      ...(isCard ? { cardToken: customer.creditCard ?? customer.debitCard } : fromOwnDevice(customer, random, at)),
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.8),
      authentication: isCard ? CARD_3DS : PASSWORD,
    });
  });
};

/** A relative pays with the second card, far away, while the owner pays at home. (counterfeit-card) */
export const sharedCardPurchase: Session = ({ customer, random }, atMs) => {
  const town = customer.sharedCardTown ?? customer.town;
  const shop = random.pick(town.shops);
  return [
    event(customer, atMs, customer.creditCard === null ? 'POS' : 'CREDIT_CARD', 'PURCHASE', {
      cardToken: customer.creditCard ?? customer.debitCard,
      ...atShop(shop, random),
      ...basket(shop, random, customer.spending * 1.3),
      authentication: CHIP_AND_PIN,
    }),
  ];
};
