/** Hash tags: a virtual shard is a part of every key, so that an entity's keys share a slot of a cluster. Pure. */
export const shardTag = (shard: number): string => `{s${shard < 10 ? '0' : ''}${shard}}`;
