/**
 * A proxy that counts round trips: it holds every reply back until the server has answered all that the client has sent
 * and the client has sent nothing more for a while. So what was sent without waiting for an answer is one trip, however
 * many commands and packets it was and however long the server takes between two of its replies: on a busy machine that
 * is longer than any pause one would wait for, and a count of pauses alone took a slow script for another trip.
 */
import net from 'node:net';
import { createRespCounter } from './resp-counter.ts';

export interface RoundTripCounter {
  readonly port: number;
  trips(): number;
  close(): Promise<void>;
}

/** a client that does not wait sends its next command within this time; held replies alone let it go on otherwise */
const QUIET_MS = 60;

export async function startRoundTripCounter(socketPath: string): Promise<RoundTripCounter> {
  let trips = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(socketPath);
    const held: Buffer[] = [];
    const commands = createRespCounter();
    const replies = createRespCounter();
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      if (held.length === 0) return;
      trips++;
      for (const data of held.splice(0)) client.write(data);
    };
    const wait = (): void => {
      clearTimeout(timer);
      const isAnswered = commands.isBetween() && replies.isBetween() && commands.whole() === replies.whole();
      if (isAnswered) timer = setTimeout(release, QUIET_MS);
    };
    client.on('data', (data) => {
      commands.take(data);
      upstream.write(data);
      wait();
    });
    upstream.on('data', (data) => {
      replies.take(data);
      held.push(data);
      wait();
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        clearTimeout(timer);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    trips: () => trips,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
