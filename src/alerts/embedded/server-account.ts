/**
 * As whom PostgreSQL runs. It refuses to run as root, so a root process hands it to another account of the machine: the
 * owner of data that is already there, else "postgres", else "nobody", else one that is created. That account must be able
 * to reach its files, and a folder such as /root lets nobody through.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import path from 'node:path';
import { VigilError } from '../../domain/errors.ts';

export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

const OWN_ACCOUNT_NAME = 'vigil-postgres';

/** undefined: as ourselves. `keptData` is a folder that may hold data of an earlier run. */
export function chooseServerAccount(keptData: string | undefined): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = keptData === undefined ? undefined : ownerOf(path.join(keptData, 'PG_VERSION'));
  if (owner !== undefined && owner.uid !== 0) return owner;
  return (
    existingAccount('postgres') ?? existingAccount('nobody') ?? existingAccount(OWN_ACCOUNT_NAME) ?? createAccount()
  );
}

export function giveTo(account: ServerAccount | undefined, file: string): void {
  if (account !== undefined) chownSync(file, account.uid, account.gid);
}

/** The first folder on the way to `file` that this account may not walk through, or undefined. */
export function barrierOnTheWay(account: ServerAccount, file: string): string | undefined {
  const ancestors: string[] = [];
  for (let folder = path.resolve(file); ; folder = path.dirname(folder)) {
    ancestors.unshift(folder);
    if (folder === path.dirname(folder)) break;
  }
  return ancestors.find((folder) => !mayWalkThrough(account, folder));
}

function mayWalkThrough(account: ServerAccount, folder: string): boolean {
  const { mode, uid, gid } = statSync(folder);
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

function ownerOf(file: string): ServerAccount | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? undefined : { uid: found.uid, gid: found.gid };
}

function existingAccount(name: string): ServerAccount | undefined {
  try {
    const idOf = (flag: '-u' | '-g') =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    // `id` ends with 1 when there is no such account: the next candidate is tried
    return undefined;
  }
}

function createAccount(): ServerAccount {
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', OWN_ACCOUNT_NAME], {
      stdio: 'ignore',
    });
  } catch (cause) {
    throw new VigilError(
      'SERVER_MISSING',
      'PostgreSQL does not run as root and no other account could be found or created: run Vigil as a normal user.',
      { cause },
    );
  }
  const created = existingAccount(OWN_ACCOUNT_NAME);
  if (created === undefined) throw new VigilError('BUG', `useradd made no account "${OWN_ACCOUNT_NAME}"`);
  return created;
}
