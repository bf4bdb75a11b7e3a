/** One Metadata request (version 4, no topics) over a bare socket: the cheapest question that only a ready broker answers. */
import net from 'node:net';

export interface KafkaMetadata {
  readonly nodeIds: readonly number[];
  /** −1 while there is no controller */
  readonly controllerId: number;
}

export function probeKafka(port: number, host = '127.0.0.1', timeoutMs = 1000): Promise<KafkaMetadata> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host });
    let received = Buffer.alloc(0);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () => fail(new Error('no answer')));
    socket.once('error', fail);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      socket.destroy();
      resolve(parseMetadata(received));
    });
  });
}

function metadataRequest(): Buffer {
  const clientId = Buffer.from('probe');
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + clientId.length + 4 + 1);
  let at = request.writeInt32BE(request.length - 4, 0);
  at = request.writeInt16BE(3, at); // Metadata
  at = request.writeInt16BE(4, at);
  at = request.writeInt32BE(1, at); // correlation id
  at = request.writeInt16BE(clientId.length, at);
  at += clientId.copy(request, at);
  request.writeInt32BE(0, at); // no topics; the last byte: no auto-creation
  return request;
}

function parseMetadata(response: Buffer): KafkaMetadata {
  let at = 4 + 4 + 4; // size, correlation id, throttle time
  const skipString = (): void => {
    at += 2 + Math.max(response.readInt16BE(at), 0);
  };
  const brokers = response.readInt32BE(at);
  at += 4;
  const nodeIds: number[] = [];
  for (let index = 0; index < brokers; index++) {
    nodeIds.push(response.readInt32BE(at));
    at += 4;
    skipString(); // host
    at += 4; // port
    skipString(); // rack
  }
  skipString(); // cluster id
  return { nodeIds, controllerId: response.readInt32BE(at) };
}
