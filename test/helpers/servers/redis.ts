/** One Redis (or Valkey) server of our own: on a unix socket by default (up in 20 ms), on a port where a test needs one. */
import net from 'node:net';
import path from 'node:path';
import type { Program } from './programs.ts';
import { temporaryFolder } from './reaper.ts';
import { redisProgram } from './redis-program.ts';
import { type ServerProcess, spawnServer, untilReady } from './server-process.ts';

export interface RedisOptions {
  readonly program?: Program;
  /** a TCP port on 127.0.0.1 beside the unix socket (cluster mode and sentinels need one) */
  readonly port?: number;
  /** further command line options, for example ['--maxmemory', '10mb'] */
  readonly args?: readonly string[];
}

export interface RedisServer {
  /** the path of the unix socket: `new Redis(url)` takes it */
  readonly url: string;
  readonly port: number | undefined;
  readonly origin: string;
  readonly folder: string;
  pid(): number;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
  /** same socket, same folder, after kill or stop; the data only when `args` asked for persistence */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = options.program ?? (await redisProgram());
  const folder = temporaryFolder('redis');
  const socket = path.join(folder, 'redis.sock');
  const port = options.port ?? 0;
  const args = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket, '--unixsocketperm', '700'],
    ...['--dir', folder, '--save', '', '--appendonly', 'no', '--daemonize', 'no', ...(options.args ?? [])],
  ];
  const logFile = path.join(folder, 'redis.log');
  const launch = async (): Promise<ServerProcess> => {
    const launched = spawnServer({ program: program.path, args, cwd: folder, logFile, deathSignal: 'KILL' });
    await untilReady(launched, 'the Redis server', 10_000, () => answersPing(socket));
    return launched;
  };
  let server = await launch();
  return {
    url: socket,
    port: options.port,
    origin: program.origin,
    folder,
    pid: () => server.pid,
    signal: (signal) => server.signal(signal),
    kill: () => server.kill(),
    async restart() {
      if (server.ended() === undefined) throw new Error('the Redis server still runs: kill or stop it first');
      server = await launch();
    },
    stop: () => server.stop('SIGTERM'),
  };
}

function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: socketPath });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => settle(data.toString().startsWith('+PONG')));
  });
}
