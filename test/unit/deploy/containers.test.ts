/** docker-compose.yml and the Dockerfile, read as files: what they name must exist, be pinned, and be able to say how it is. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
}
const compose: { services: Record<string, Service>; volumes: Record<string, unknown> } = parse(
  read('docker-compose.yml'),
  { merge: true },
);
const services = Object.entries(compose.services);

const PINNED = /^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$/;

describe('docker-compose.yml', () => {
  it('has the whole real stack', () => {
    expect(Object.keys(compose.services).sort()).toEqual([
      'grafana',
      'kafka',
      'postgres',
      'prometheus',
      'redis',
      'simulator',
      'vigil',
    ]);
  });

  it.each(services)('checks the health of %s by something that can fail', (_, { healthcheck }) => {
    expect(healthcheck?.test.length).toBeGreaterThan(1);
    expect(['CMD', 'CMD-SHELL']).toContain(healthcheck?.test[0]);
    expect(healthcheck?.test[1]).not.toMatch(/^(true|exit 0|:)$/);
  });

  it.each(services)('pins the version of %s', (_, { image }) => {
    expect(image).toMatch(PINNED);
    expect(image).not.toContain('latest');
  });

  it.each(services)('mounts into %s only what exists', (_, { volumes = [] }) => {
    for (const volume of volumes) {
      const [source = '', target = ''] = volume.split(':');
      expect(target.startsWith('/')).toBe(true);
      if (source.startsWith('.')) expect(existsSync(path.join(root, source)), source).toBe(true);
      else expect(Object.keys(compose.volumes), source).toContain(source);
    }
  });

  it.each(services)('waits in %s for others until they are healthy', (_, { depends_on = {} }) => {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(condition).toBe('service_healthy');
      expect(compose.services[name]?.healthcheck, name).toBeDefined();
    }
  });

  it.each(services)('opens ports of %s to this machine only', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('gives Vigil only variables that the configuration knows', () => {
    const known = read('config/vigil.yaml');
    for (const name of Object.keys({
      ...compose.services.vigil?.environment,
      ...compose.services.simulator?.environment,
    })) {
      expect(known, name).toMatch(new RegExp(`# ${name}\\b`));
    }
  });

  it('brings no usable token of its own', () => {
    expect(compose.services.vigil?.environment?.VIGIL_HTTP_TOKEN).toMatch(/^\$\{VIGIL_HTTP_TOKEN:\?/);
  });

  it('never lets Redis evict a counter nor Kafka invent a topic', () => {
    expect(compose.services.redis?.command?.join(' ')).toContain('--maxmemory-policy noeviction');
    expect(compose.services.kafka?.environment?.KAFKA_AUTO_CREATE_TOPICS_ENABLE).toBe('false');
  });

  it('runs the version of the package', () => {
    const { version } = JSON.parse(read('package.json'));
    expect(compose.services.vigil?.image).toBe(`vigil:${version}`);
    expect(compose.services.simulator?.image).toBe(`vigil:${version}`);
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');
  const of = (instruction: string): string[] => lines.filter((line) => line.startsWith(`${instruction} `));

  it('has two stages on one pinned base that satisfies the engines of package.json', () => {
    const bases = of('FROM').map((line) => line.split(' ')[1] ?? '');
    expect(bases.length).toBe(2);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(PINNED);
    const [major = 0, minor = 0] = (bases[0]?.match(/node:(\d+)\.(\d+)/) ?? []).slice(1).map(Number);
    const [wantedMajor = 0, wantedMinor = 0] = JSON.parse(read('package.json')).engines.node.match(/\d+/g).map(Number);
    expect(major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)).toBe(true);
  });

  it('ends as a user who is not root, with a health check', () => {
    expect(of('USER').at(-1)).toBe('USER node');
    expect(lines.indexOf(of('USER').at(-1) ?? '')).toBeGreaterThan(lines.indexOf(of('FROM').at(-1) ?? ''));
    expect(of('HEALTHCHECK').length).toBe(1);
  });

  it('copies only what exists and what the context lets in', () => {
    const letIn = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = of('COPY')
      .filter((line) => !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) {
      expect(existsSync(path.join(root, source)), source).toBe(true);
      expect(letIn).toContain(source.replace(/^\.\//, ''));
    }
    expect(read('.dockerignore').split('\n')).toContain('*');
  });
});
