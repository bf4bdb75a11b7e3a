/**
 * The shops, cash machines, branches and billers of the simulated bank. Built from its own random stream, so that places
 * stay the same whatever the number of customers. MCC: ISO 18245. Median amounts in yuan are assumptions of a usual
 * basket in a Chinese provincial city; they set the scale of purchases and nothing else.
 */
import { type City, DOMESTIC_CITIES, FOREIGN_CITIES } from './geography.ts';
import { createRandom, cumulate, type Random } from './random.ts';

export interface Place {
  readonly lat: number;
  readonly lon: number;
  readonly country: string;
}

export interface Shop {
  readonly id: string;
  readonly mcc: string;
  readonly country: string;
  readonly currency: string;
  readonly medianYuan: number;
  readonly terminals: readonly string[];
  /** null for a merchant that sells over the network only */
  readonly place: Place | null;
}

export interface Terminal {
  readonly id: string;
  readonly place: Place;
}

export interface Town {
  readonly city: City;
  readonly shops: readonly Shop[];
  readonly atms: readonly Terminal[];
  readonly kiosks: readonly Terminal[];
  readonly branches: readonly Terminal[];
}

export interface Places {
  /** home cities first, in the order of DOMESTIC_CITIES */
  readonly towns: readonly Town[];
  readonly abroad: readonly Town[];
  readonly homeWeights: Float64Array;
  readonly domesticVisits: Float64Array;
  readonly foreignVisits: Float64Array;
  readonly webShops: readonly Shop[];
  /** small digital goods: the usual place to test cards and to top up games */
  readonly digitalShops: readonly Shop[];
  readonly billers: readonly Shop[];
  /** electronics shops sell the new phone */
  readonly phoneShops: readonly Shop[];
}

interface Trade {
  readonly mcc: string;
  readonly medianYuan: number;
  readonly share: number;
}
const trade = (mcc: string, medianYuan: number, share: number): Trade => ({ mcc, medianYuan, share });

const STREET_TRADES: readonly Trade[] = [
  trade('5411', 48, 20), // groceries
  trade('5812', 66, 16), // restaurants
  trade('5814', 26, 14), // fast food
  trade('5499', 17, 14), // convenience stores
  trade('5912', 70, 6), // pharmacies
  trade('4111', 6, 7), // local transport
  trade('5541', 240, 4), // fuel
  trade('5311', 230, 5), // department stores
  trade('5651', 210, 4), // clothes
  trade('7230', 90, 3), // hairdressers
  trade('8062', 280, 2), // hospitals
  trade('7011', 360, 2), // hotels
  trade('5732', 1500, 1), // electronics
  trade('5944', 2600, 1), // jewellery
  trade('8220', 2400, 1), // universities
];
const WEB_TRADES: readonly Trade[] = [
  trade('5311', 88, 30), // market places
  trade('5812', 34, 20), // delivered meals
  trade('4121', 22, 14), // rides
  trade('5651', 130, 12), // clothes
  trade('4112', 150, 6), // rail tickets
  trade('5942', 55, 5), // books
  trade('4722', 620, 4), // travel agencies
  trade('5732', 900, 4), // electronics
  trade('4511', 780, 2), // airlines
];
const DIGITAL_TRADES: readonly Trade[] = [trade('5816', 18, 3), trade('5815', 15, 2), trade('5817', 25, 1)];
const BILL_TRADES: readonly Trade[] = [
  trade('4900', 120, 5), // electricity, water, gas
  trade('4814', 58, 5), // telephone
  trade('6300', 480, 1), // insurance
  trade('9311', 300, 1), // taxes
];

const round4 = (degrees: number): number => Math.round(degrees * 1e4) / 1e4;
const digits = (value: number, length: number): string => String(value).padStart(length, '0');

/** A point in the built-up area; 0.06 degrees is 6–7 km. */
export function placeIn(random: Random, city: City, spreadDegrees = 0.06): Place {
  return {
    lat: round4(city.lat + random.normal() * spreadDegrees * 0.5),
    lon: round4(city.lon + random.normal() * spreadDegrees * 0.5),
    country: city.country,
  };
}

export function createPlaces(seed: number): Places {
  const random = createRandom(seed, 'places');
  const counters = { shop: 0, terminal: 0, atm: 0, kiosk: 0, branch: 0 };
  const shop = (trades: readonly Trade[], weights: Float64Array, city: City | null): Shop => {
    const { mcc, medianYuan } = trades[random.weighted(weights)] ?? trade('5999', 60, 1);
    counters.shop += 1;
    const terminals = Array.from({ length: city === null ? 0 : random.int(1, 2) }, () => {
      counters.terminal += 1;
      return `T${digits(counters.terminal, 6)}`;
    });
    return {
      id: `M${digits(counters.shop, 6)}`,
      mcc,
      country: city?.country ?? 'CN',
      currency: city?.currency ?? 'CNY',
      medianYuan: medianYuan * random.logNormal(1, 0.25) * (city === null || city.country === 'CN' ? 1 : 3),
      terminals,
      place: city === null ? null : placeIn(random, city),
    };
  };
  const shops = (trades: readonly Trade[], length: number, city: City | null): Shop[] => {
    const weights = cumulate(trades.map((entry) => entry.share));
    return Array.from({ length }, () => shop(trades, weights, city));
  };
  const terminals = (kind: 'atm' | 'kiosk' | 'branch', prefix: string, length: number, city: City): Terminal[] =>
    Array.from({ length }, () => {
      counters[kind] += 1;
      return { id: `${prefix}${digits(counters[kind], 4)}`, place: placeIn(random, city) };
    });
  const town = (city: City): Town => ({
    city,
    shops: shops(STREET_TRADES, city.country === 'CN' ? 20 + city.homes * 4 : 14, city),
    atms: terminals('atm', 'ATM', 3 + city.homes, city),
    kiosks: terminals('kiosk', 'SST', 1 + Math.ceil(city.homes / 2), city),
    branches: terminals('branch', 'B', city.homes === 0 ? 1 : 1 + Math.ceil(city.homes / 3), city),
  });

  return {
    towns: DOMESTIC_CITIES.map(town),
    abroad: FOREIGN_CITIES.map(town),
    homeWeights: cumulate(DOMESTIC_CITIES.map((city) => city.homes)),
    domesticVisits: cumulate(DOMESTIC_CITIES.map((city) => city.visits)),
    foreignVisits: cumulate(FOREIGN_CITIES.map((city) => city.visits)),
    webShops: shops(WEB_TRADES, 60, null),
    digitalShops: shops(DIGITAL_TRADES, 14, null),
    billers: shops(BILL_TRADES, 24, null),
    phoneShops: shops([trade('5732', 3600, 1)], 8, null),
  };
}
