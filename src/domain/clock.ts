/** The only way to the time of day outside adapters. */
export interface Clock {
  /** milliseconds since the epoch */
  now(): number;
}
