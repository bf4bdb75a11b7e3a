/** A subscription that can also be asked whether it lives: "the process is up" says nothing about its consumer. */
import type { MessageBus, SubscribeOptions, Subscription } from '../domain/ports.ts';

export interface LiveSubscription extends Subscription {
  /**
   * Assigned partition → milliseconds since the bus was last asked for its messages; while a chunk is in hand, since that
   * chunk came. Healthy: well under a second. Empty while the group is changing.
   */
  lastFetchAgeMs(): ReadonlyMap<number, number>;
  /** since the bus was last asked for anything: also grows when a member restarts again and again and holds nothing */
  silentForMs(): number;
}

/** What a consumer needs of a bus; it hands on the kind of subscription that the bus gives. */
export interface BusOf<S extends Subscription> {
  publish: MessageBus['publish'];
  subscribe(options: SubscribeOptions): Promise<S>;
}
