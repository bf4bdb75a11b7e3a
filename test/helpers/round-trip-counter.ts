/**
 * A proxy that counts round trips: it holds every reply back until the client has sent nothing for a while, so that what
 * was sent without waiting for an answer is one trip, however many commands and packets it was.
 */
import net from 'node:net';

export interface RoundTripCounter {
  readonly port: number;
  trips(): number;
  close(): Promise<void>;
}

const QUIET_MS = 60;

export async function startRoundTripCounter(socketPath: string): Promise<RoundTripCounter> {
  let trips = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(socketPath);
    const held: Buffer[] = [];
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      if (held.length === 0) return;
      trips++;
      for (const data of held.splice(0)) client.write(data);
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(release, QUIET_MS);
    };
    client.on('data', (data) => {
      upstream.write(data);
      wait();
    });
    upstream.on('data', (data) => {
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
