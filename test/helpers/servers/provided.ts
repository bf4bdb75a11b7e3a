/** What the global set-up hands to every test file of the project "integration": `inject('kafkaBrokers')` and so on. */
declare module 'vitest' {
  interface ProvidedContext {
    /** host:port[,host:port…] */
    kafkaBrokers: string;
    /** a unix socket's path, or a redis:// URL: `new Redis(url)` takes both */
    redisUrl: string;
    /** of a user who may create databases; test files use `ownDatabase` */
    postgresUrl: string;
    /** part of every topic, key prefix and database that this run makes on a server that outlives it */
    testRunId: string;
  }
}

export {};
