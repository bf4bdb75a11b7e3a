/**
 * A TCP proxy that does what networks do: it delays, it swallows, it cuts, and it loses the reply of a request that had
 * its effect. In front of Redis, Postgres or Kafka (for Kafka the broker must advertise the proxy's port).
 */
import net from 'node:net';

export type ProxyTarget = { readonly port: number; readonly host?: string } | { readonly path: string };

export interface LostReply {
  /** which requests; all without it. For Kafka bytes 4–5 are the API key (0 = Produce, 8 = OffsetCommit) */
  readonly request?: (bytes: Buffer) => boolean;
  readonly times?: number;
}

export interface TcpProxy {
  readonly port: number;
  /** passes everything (the state at the start); what a black hole held back flows on */
  pass(): void;
  /** every piece arrives this much later, in both directions */
  delay(delayMs: number): void;
  /** connections stay open and are accepted, and not one byte passes: what a dropped route looks like */
  blackHole(): void;
  /** the request reaches the server; its reply is thrown away and the connection cut */
  loseReplies(lost?: LostReply): void;
  /** how many replies were lost so far */
  lostReplies(): number;
  /** cuts every connection; new ones are served */
  cut(): void;
  /** cuts every connection, and every new one at once, until `pass` */
  refuse(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: net.Socket;
  readonly upstream: net.Socket;
  /** a request of `loseReplies` is on its way: the next reply is the one to lose */
  isReplyDoomed: boolean;
}

export async function startTcpProxy(target: ProxyTarget, listenPort = 0): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  const rules = {
    mode: 'pass' as 'pass' | 'blackHole' | 'refuse',
    delayMs: 0,
    lost: undefined as LostReply | undefined,
  };
  const lost = { left: 0, done: 0 };

  const cut = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.upstream.destroy();
  };
  const cutAll = (): void => {
    for (const pair of [...pairs]) cut(pair);
  };
  /** what is on its way to a socket: a delay that ends lets nothing overtake it */
  const underWay = new Map<net.Socket, Promise<void>>();
  const deliver = (to: net.Socket, data: Buffer): void => {
    const before = underWay.get(to);
    if (rules.delayMs === 0 && before === undefined) {
      to.write(data);
      return;
    }
    const delayed = new Promise((resolve) => setTimeout(resolve, rules.delayMs));
    const own = Promise.all([before, delayed]).then(() => {
      if (to.writable) to.write(data);
      if (underWay.get(to) === own) underWay.delete(to);
    });
    underWay.set(to, own);
  };
  const onRequest = (pair: Pair, data: Buffer): void => {
    if (lost.left > 0 && (rules.lost?.request?.(data) ?? true)) {
      lost.left--;
      pair.isReplyDoomed = true;
    }
    deliver(pair.upstream, data);
  };
  const onReply = (pair: Pair, data: Buffer): void => {
    if (pair.isReplyDoomed) {
      lost.done++;
      cut(pair);
    } else deliver(pair.client, data);
  };
  const apply = (): void => {
    for (const { client, upstream } of pairs) {
      for (const socket of [client, upstream]) rules.mode === 'blackHole' ? socket.pause() : socket.resume();
    }
    if (rules.mode === 'refuse') cutAll();
  };
  const server = net.createServer((client) => {
    if (rules.mode === 'refuse') {
      client.destroy();
      return;
    }
    const pair: Pair = { client, upstream: net.connect(target), isReplyDoomed: false };
    pairs.add(pair);
    for (const socket of [pair.client, pair.upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => cut(pair));
      socket.on('close', () => cut(pair));
    }
    client.on('data', (data) => onRequest(pair, data));
    pair.upstream.on('data', (data) => onReply(pair, data));
    apply();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenPort, '127.0.0.1', resolve);
  });
  const address = server.address();
  const set = (mode: typeof rules.mode, delayMs = 0): void => {
    rules.mode = mode;
    rules.delayMs = delayMs;
    apply();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : listenPort,
    pass: () => set('pass'),
    delay: (delayMs) => set('pass', delayMs),
    blackHole: () => set('blackHole'),
    loseReplies(options = {}) {
      rules.lost = options;
      lost.left = options.times ?? 1;
    },
    lostReplies: () => lost.done,
    cut: cutAll,
    refuse: () => set('refuse'),
    async close() {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
