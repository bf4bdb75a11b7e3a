/** What the simulated bank puts on the topics: transactions as a channel writes them, labels as feedback. */
import type { Label } from '../domain/label.ts';
import type { BusMessage } from '../domain/ports.ts';
import { formatRfc3339 } from '../domain/time.ts';
import type { SimulatedTransaction } from '../simulation/bank.ts';

export const transactionMessage = ({ message }: SimulatedTransaction): BusMessage => ({
  key: message.customerId,
  value: Buffer.from(JSON.stringify(message)),
});

export const labelMessage = ({ transactionId, channel, label, labelledAtMs, source, scenario }: Label): BusMessage => ({
  key: transactionId,
  value: Buffer.from(
    JSON.stringify({
      transactionId,
      channel,
      label,
      ...(labelledAtMs === null ? {} : { labelledAt: formatRfc3339(labelledAtMs) }),
      source: source ?? 'simulation',
      ...(scenario === undefined ? {} : { scenario }),
    }),
  ),
});
