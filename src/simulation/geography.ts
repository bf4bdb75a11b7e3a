/**
 * Where the simulated bank lives: a city bank of Jiangxi with customers in the big coastal cities. Coordinates are those
 * of the city centres (WGS 84, two decimals); weights are shares of the bank's customers and are an assumption.
 */
export interface City {
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  /** ISO 3166-1 alpha-2 */
  readonly country: string;
  /** ISO 4217 */
  readonly currency: string;
  /** share of the bank's customers who live here, in arbitrary units */
  readonly homes: number;
  /** how often it is a travel destination, in arbitrary units */
  readonly visits: number;
}

const domestic = (name: string, lat: number, lon: number, homes: number, visits: number): City => ({
  name,
  lat,
  lon,
  country: 'CN',
  currency: 'CNY',
  homes,
  visits,
});
const foreign = (name: string, lat: number, lon: number, country: string, currency: string, visits: number): City => ({
  name,
  lat,
  lon,
  country,
  currency,
  homes: 0,
  visits,
});

export const DOMESTIC_CITIES: readonly City[] = [
  domestic('Nanchang', 28.68, 115.86, 28, 6),
  domestic('Ganzhou', 25.83, 114.93, 10, 3),
  domestic('Jiujiang', 29.71, 116.0, 8, 4),
  domestic('Shangrao', 28.45, 117.94, 7, 3),
  domestic("Ji'an", 27.11, 114.99, 5, 1),
  domestic('Yichun', 27.81, 114.42, 5, 1),
  domestic('Fuzhou (Jiangxi)', 27.95, 116.36, 4, 1),
  domestic('Jingdezhen', 29.27, 117.18, 3, 3),
  domestic('Pingxiang', 27.62, 113.85, 3, 1),
  domestic('Xinyu', 27.82, 114.92, 2, 1),
  domestic('Yingtan', 28.26, 117.07, 2, 1),
  domestic('Shanghai', 31.23, 121.47, 4, 8),
  domestic('Shenzhen', 22.54, 114.06, 4, 7),
  domestic('Guangzhou', 23.13, 113.26, 3, 6),
  domestic('Hangzhou', 30.27, 120.16, 3, 5),
  domestic('Beijing', 39.9, 116.41, 3, 8),
  domestic('Wuhan', 30.59, 114.31, 2, 4),
  domestic('Changsha', 28.23, 112.94, 2, 4),
  domestic('Nanjing', 32.06, 118.8, 2, 3),
  domestic('Chengdu', 30.57, 104.07, 0, 5),
  domestic('Chongqing', 29.56, 106.55, 0, 4),
  domestic("Xi'an", 34.34, 108.94, 0, 4),
  domestic('Xiamen', 24.48, 118.09, 0, 4),
  domestic('Sanya', 18.25, 109.51, 0, 3),
  domestic('Kunming', 25.04, 102.72, 0, 3),
  domestic('Qingdao', 36.07, 120.38, 0, 2),
  domestic('Harbin', 45.8, 126.53, 0, 2),
  domestic('Urumqi', 43.83, 87.62, 0, 1),
  domestic('Lhasa', 29.65, 91.12, 0, 1),
];

export const FOREIGN_CITIES: readonly City[] = [
  foreign('Hong Kong', 22.32, 114.17, 'HK', 'HKD', 8),
  foreign('Macao', 22.2, 113.54, 'MO', 'MOP', 4),
  foreign('Tokyo', 35.68, 139.69, 'JP', 'JPY', 6),
  foreign('Seoul', 37.57, 126.98, 'KR', 'KRW', 4),
  foreign('Bangkok', 13.76, 100.5, 'TH', 'THB', 6),
  foreign('Singapore', 1.35, 103.82, 'SG', 'SGD', 4),
  foreign('Kuala Lumpur', 3.14, 101.69, 'MY', 'MYR', 3),
  foreign('Sydney', -33.87, 151.21, 'AU', 'AUD', 2),
  foreign('Paris', 48.86, 2.35, 'FR', 'EUR', 2),
  foreign('London', 51.51, -0.13, 'GB', 'GBP', 2),
  foreign('New York', 40.71, -74.01, 'US', 'USD', 2),
];

/** Yuan for one unit, rounded: only the size of foreign amounts depends on them. Source: rounded market rates of 2025. */
const YUAN_PER_UNIT: Readonly<Record<string, number>> = {
  CNY: 1,
  HKD: 0.92,
  MOP: 0.89,
  JPY: 0.048,
  KRW: 0.0051,
  THB: 0.22,
  SGD: 5.5,
  MYR: 1.7,
  AUD: 4.7,
  EUR: 8.3,
  GBP: 9.6,
  USD: 7.1,
};
const WITHOUT_MINOR_UNIT: ReadonlySet<string> = new Set(['JPY', 'KRW']);

/** An amount of yuan in the minor units of a currency; at least one. */
export function yuanToMinor(yuan: number, currency: string): number {
  const scale = WITHOUT_MINOR_UNIT.has(currency) ? 1 : 100;
  return Math.max(1, Math.round((yuan / (YUAN_PER_UNIT[currency] ?? 1)) * scale));
}

const EARTH_RADIUS_KM = 6371;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance (haversine). */
export function distanceKm(a: { lat: number; lon: number }, b: { lat: number; lon: number }): number {
  const dLat = radians(b.lat - a.lat);
  const dLon = radians(b.lon - a.lon);
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}
