/**
 * When which scenario happens. Episodes follow each other at an even pace with a jitter, and the scenarios are dealt from a
 * shuffled deck, so that also a short run holds every scenario several times. Episode number k is the same for a seed.
 */
import type { LocalDay } from '../calendar.ts';
import type { World } from '../draft.ts';
import { createRandom } from '../random.ts';
import { SCENARIOS, type Scenario } from '../transaction-message.ts';
import { accountTakeover, dormantWoken, simSwap, telecomScam } from './account-scenarios.ts';
import type { CardUse, Episode, ScenarioSession } from './episode.ts';
import { cardTesting, counterfeitCard, muleFanIn, thresholdSplitting } from './money-and-card-scenarios.ts';

const SESSIONS: Readonly<Record<Scenario, ScenarioSession>> = {
  'account-takeover': accountTakeover,
  'telecom-scam': telecomScam,
  'mule-account': muleFanIn,
  'card-testing': cardTesting,
  'counterfeit-card': counterfeitCard,
  'threshold-splitting': thresholdSplitting,
  'dormant-woken': dormantWoken,
  'sim-swap': simSwap,
};

export interface FraudSchedule {
  /** the episodes that begin on this day */
  episodesOf(day: LocalDay, dayMs: number, cardUses: readonly CardUse[]): readonly PlannedEpisode[];
}
export interface PlannedEpisode extends Episode {
  readonly number: number;
  readonly scenario: Scenario;
}

export interface ScheduleOptions {
  readonly world: World;
  /** no episode begins before */
  readonly fromMs: number;
  /** mean time between two beginnings; Infinity = no fraud */
  readonly intervalMs: number;
}

/** One card per unit of weight: the smaller the deck, the more evenly a short run is dealt. */
function deckOf(mix: Readonly<Record<Scenario, number>>): readonly Scenario[] {
  return SCENARIOS.flatMap((name) => new Array<Scenario>(mix[name]).fill(name));
}

export function createFraudSchedule({ world, fromMs, intervalMs }: ScheduleOptions): FraudSchedule {
  const { parameters, seed } = world;
  const deck = deckOf(parameters.fraud.mix);
  const random = createRandom(seed, 'fraudEpisode');
  const usedVictims = new Set<number>();
  let next = 0;

  const startOf = (number: number): number => {
    random.restart('fraudEpisode', number, 0);
    return fromMs + (number + random.next()) * intervalMs;
  };
  const plan = (number: number, atMs: number, day: LocalDay, cardUses: readonly CardUse[]): PlannedEpisode => {
    const scenario = dealt(seed, deck, number);
    random.restart('fraudEpisode', number, 1);
    const [low, high] = parameters.fraud.payments[scenario];
    const payments = random.int(low, high);
    const isPatient = random.chance(parameters.fraud.patientShare);
    // when a small bank runs out of victims, they may be hit again
    if (usedVictims.size > world.customers.length / 2) usedVictims.clear();
    const scene = { world, random, day, atMs, payments, isPatient, cardUses, usedVictims };
    return { number, scenario, ...SESSIONS[scenario](scene) };
  };

  return {
    episodesOf(day, dayMs, cardUses) {
      const episodes: PlannedEpisode[] = [];
      if (!Number.isFinite(intervalMs) || deck.length === 0) return episodes;
      for (let atMs = startOf(next); atMs < day.startMs + dayMs; atMs = startOf(next)) {
        episodes.push(plan(next, Math.max(atMs, day.startMs), day, cardUses));
        next += 1;
      }
      return episodes;
    },
  };
}

/** Card number k of the endless row of shuffled decks. */
function dealt(seed: number, deck: readonly Scenario[], number: number): Scenario {
  const random = createRandom(seed, 'fraudDeck', Math.floor(number / deck.length));
  const shuffled = [...deck];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    [shuffled[i], shuffled[j]] = [shuffled[j] ?? 'telecom-scam', shuffled[i] ?? 'telecom-scam'];
  }
  return shuffled[number % deck.length] ?? 'telecom-scam';
}
