/** Versions, approvals and steps of the configuration in PostgreSQL: one truth for all workers. `migrate` must have run. */
import { type ConfigStep, type ConfigStore, FOLDER_VERSIONS_KEPT } from '../domain/config-store.ts';
import { createPostgresPool, type PostgresPoolOptions } from './postgres-pool.ts';
import { toPostgresText } from './postgres-text.ts';

const LET_OLD_FILES_GO = `
  DELETE FROM config_files WHERE hash IN (
    SELECT hash FROM config_versions v WHERE from_folder
      AND NOT EXISTS (SELECT FROM config_approvals a WHERE a.hash = v.hash)
    ORDER BY proposed_at DESC OFFSET $1)`;

const seconds = (ms: number): number => ms / 1000;

export function createPostgresConfigStore(options: PostgresPoolOptions): ConfigStore {
  const pool = createPostgresPool({ poolSize: 1, ...options });
  return {
    propose: ({ hash, files, author, proposedAtMs, fromFolder }) =>
      pool.transaction(async (client) => {
        const added = await client.query(
          'INSERT INTO config_versions (hash, author, proposed_at, from_folder) VALUES ($1, $2, to_timestamp($3), $4) ON CONFLICT DO NOTHING',
          [toPostgresText(hash), toPostgresText(author), seconds(proposedAtMs), fromFolder],
        );
        // also those of a version that is proposed again after its files were let go
        for (const { file, text } of files) {
          await client.query(
            'INSERT INTO config_files (hash, name, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
            [toPostgresText(hash), toPostgresText(file), Buffer.from(text)],
          );
        }
        if (added.rowCount === 1 && fromFolder) await client.query(LET_OLD_FILES_GO, [FOLDER_VERSIONS_KEPT]);
      }),
    async version(hash) {
      const [row] = await pool.query<{ author: string; at: Date; from_folder: boolean }>(
        'SELECT author, proposed_at AS at, from_folder FROM config_versions WHERE hash = $1',
        [toPostgresText(hash)],
      );
      const files = await pool.query<{ name: string; content: Buffer }>(
        'SELECT name, content FROM config_files WHERE hash = $1 ORDER BY name',
        [toPostgresText(hash)],
      );
      if (row === undefined || files.length === 0) return undefined;
      return {
        hash,
        files: files.map(({ name, content }) => ({ file: name, text: content.toString('utf8') })),
        author: row.author,
        proposedAtMs: row.at.getTime(),
        fromFolder: row.from_folder,
      };
    },
    async approve({ hash, approver, approvedAtMs, expiresAtMs }) {
      await pool.query(
        'INSERT INTO config_approvals (hash, approver, approved_at, expires_at) VALUES ($1, $2, to_timestamp($3), to_timestamp($4))',
        [toPostgresText(hash), toPostgresText(approver), seconds(approvedAtMs), seconds(expiresAtMs)],
      );
    },
    async approvals(hash) {
      const rows = await pool.query<{ approver: string; at: Date; until: Date }>(
        'SELECT approver, approved_at AS at, expires_at AS until FROM config_approvals WHERE hash = $1 ORDER BY seq',
        [toPostgresText(hash)],
      );
      return rows.map(({ approver, at, until }) => ({
        hash,
        approver,
        approvedAtMs: at.getTime(),
        expiresAtMs: until.getTime(),
      }));
    },
    async addStep({ kind, hash, by, atMs, dueMs }) {
      await pool.query(
        'INSERT INTO config_steps (kind, hash, actor, at, due_at) VALUES ($1, $2, $3, to_timestamp($4), to_timestamp($5))',
        [kind, toPostgresText(hash), toPostgresText(by), seconds(atMs), seconds(dueMs)],
      );
    },
    async steps(limit) {
      const rows = await pool.query<{ kind: ConfigStep['kind']; hash: string; actor: string; at: Date; due_at: Date }>(
        'SELECT kind, hash, actor, at, due_at FROM config_steps ORDER BY seq DESC LIMIT $1',
        [limit],
      );
      return rows
        .map(({ kind, hash, actor, at, due_at }) => ({
          kind,
          hash,
          by: actor,
          atMs: at.getTime(),
          dueMs: due_at.getTime(),
        }))
        .reverse();
    },
    close: () => pool.close(),
  };
}
